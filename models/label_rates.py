"""How many labels each labeller gives in a span of event time: what a flood is seen by, in bounded memory.

References
----------
Misra, Gries 1982: Finding repeated elements (who sends most, in bounded memory).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np

from models.protocol import Float64

NAMES: Final = 32
_SPANS: Final = 16
"""Labels come out of order: the newest spans are still counted, older ones are not."""

Busiest = tuple[int, str]
"""Labels of one labeller in one span, and its name."""
NOBODY: Final[Busiest] = (0, "")


def most_frequent(one: Mapping[str, int], other: Mapping[str, int], names: int = NAMES) -> dict[str, int]:
    """Merge counts by name, keeping at most `names`; none is too high, and too low by at most all / (`names` + 1).

    Examples
    --------
    >>> most_frequent({"a": 5, "b": 1}, {"c": 2}, names=2)
    {'a': 4, 'c': 1}
    """
    counts = {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
    if len(counts) <= names:
        return counts
    cut = sorted(counts.values(), reverse=True)[names]
    return {name: count - cut for name, count in counts.items() if count > cut}


@dataclass(frozen=True, slots=True)
class LabelRates:
    """Labels by labeller in each of the newest spans, which follow one another without a gap from time 0.

    Attributes
    ----------
    spans : Mapping of int to Mapping of str to int
        By the number of the span; at most 16, each with at most 32 names.

    Examples
    --------
    >>> times = np.array([10.0, 20.0, 999.0, 1001.0])
    >>> rates, busiest = LabelRates().after(1000, times, ["ann", "bob", "ann", "ann"])
    >>> busiest, rates.spans
    ((2, 'ann'), {0: {'ann': 2, 'bob': 1}, 1: {'ann': 1}})
    """

    spans: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def after(self, per_ms: int, time_B: Float64, names: Sequence[str]) -> tuple[LabelRates, Busiest]:
        """Count labels; the busiest is that of those who gave one of these labels, in the span it fell into."""
        fresh: dict[int, Counter[str]] = {}
        for number, name in zip(np.floor(time_B / per_ms).astype(np.int64).tolist(), names, strict=True):
            fresh.setdefault(number, Counter())[name] += 1
        kept = sorted({*self.spans, *fresh})[-_SPANS:]
        spans = {number: most_frequent(self.spans.get(number, {}), fresh.get(number, {})) for number in kept}
        touched = [(spans[n].get(name, 0), name) for n in kept for name in fresh.get(n, ())]
        return LabelRates(spans), max(touched, default=NOBODY)

    def as_json(self) -> list[Any]:
        """All of its state."""
        return [[number, dict(counts)] for number, counts in self.spans.items()]

    @classmethod
    def from_json(cls, told: Sequence[Any]) -> Self:
        """The one that `as_json` told of."""
        return cls({int(number): {str(name): int(n) for name, n in counts.items()} for number, counts in told})
