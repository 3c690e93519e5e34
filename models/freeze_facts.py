"""What was counted over some examples, from which it is judged whether learning goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from models.label_rates import NOBODY, Busiest, most_frequent
from models.protocol import Json
from models.trusted_holdout import Held


@dataclass(frozen=True, slots=True)
class Facts:
    """What was counted over some examples.

    Attributes
    ----------
    rows, observed : int
        Examples, and those whose label came, not the default at timeout.
    producers : Mapping of str to int
        Labels by labeller; those without one are one labeller's.
    busiest : (int, str)
        Most labels that one labeller gave in one span of event time, and who.
    trusted, contradicted : int
        Labels that could be held against trusted ones, and those that said something else.
    expected : float
        How many of them would have if they were as honest as the trusted ones before.
    own, own_contradicted : int
        Trusted labels that could be held against the ones before them, and those that said something else.
    finite : bool
        Losses and gradients were.
    moved : float
        Sum of the norms of the updates of the weights.
    """

    rows: int = 0
    observed: int = 0
    producers: Mapping[str, int] = field(default_factory=dict)
    busiest: Busiest = NOBODY
    trusted: int = 0
    contradicted: int = 0
    expected: float = 0.0
    own: int = 0
    own_contradicted: int = 0
    finite: bool = True
    moved: float = 0.0

    def held_against(self, held: Held) -> Facts:
        """Say what came of holding its labels against trusted ones."""
        return replace(
            self,
            trusted=held.rows,
            contradicted=held.contradicted,
            expected=held.expected,
            own=held.own_rows,
            own_contradicted=held.own_contradicted,
        )

    def and_then(self, other: Facts) -> Facts:
        """Take in what came next.

        Examples
        --------
        >>> both = Facts(rows=2, observed=1).and_then(Facts(rows=3, observed=3, moved=0.5))
        >>> both == Facts(rows=5, observed=4, moved=0.5)
        True
        """
        return Facts(
            self.rows + other.rows,
            self.observed + other.observed,
            most_frequent(self.producers, other.producers),
            max(self.busiest, other.busiest),
            self.trusted + other.trusted,
            self.contradicted + other.contradicted,
            self.expected + other.expected,
            self.own + other.own,
            self.own_contradicted + other.own_contradicted,
            self.finite and other.finite,
            self.moved + other.moved,
        )

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """The one that `dataclasses.asdict` told of; what an older one does not tell is nothing."""
        count, name = told.get("busiest", NOBODY)
        return cls(**{**told, "busiest": (int(count), str(name))})
