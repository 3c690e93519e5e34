"""When learning must stand still: a sick feed of labels, or steps that would spoil the weights.

A state machine over what was counted in the log, in windows of examples. What cannot wait (numbers that are not
finite, a budget that is spent) freezes at once; what is a share of a window is judged when the window is full. Learning
goes on after a whole window without a cause.

References
----------
Misra, Gries 1982: Finding repeated elements (who sends most, in bounded memory).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Self

from models.protocol import Json

_NAMES: Final = 32
_LEAST_TRUSTED: Final = 20
"""Fewer labels held against the trusted ones decide nothing."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was counted over some examples.

    Attributes
    ----------
    rows, observed : int
        Examples, and those whose label came, not the default at timeout.
    producers : Mapping of str to int
        Labels by who sent them, where known.
    trusted, contradicted : int
        Labels that could be held against a trusted one, and those that said something else.
    finite : bool
        Losses and gradients were.
    moved : float
        Sum of the norms of the updates of the weights.
    """

    rows: int = 0
    observed: int = 0
    producers: Mapping[str, int] = field(default_factory=dict)
    trusted: int = 0
    contradicted: int = 0
    finite: bool = True
    moved: float = 0.0

    def and_then(self, other: Facts) -> Facts:
        """Take in what came next.

        Examples
        --------
        >>> Facts(rows=2, observed=1).and_then(Facts(rows=3, observed=3, moved=0.5))
        Facts(rows=5, observed=4, producers={}, trusted=0, contradicted=0, finite=True, moved=0.5)
        """
        return Facts(
            self.rows + other.rows,
            self.observed + other.observed,
            most_frequent(self.producers, other.producers),
            self.trusted + other.trusted,
            self.contradicted + other.contradicted,
            self.finite and other.finite,
            self.moved + other.moved,
        )


def most_frequent(one: Mapping[str, int], other: Mapping[str, int], names: int = _NAMES) -> dict[str, int]:
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
class Limits:
    """What is borne. The defaults bear everything but numbers that are not finite.

    Attributes
    ----------
    window : int
        Examples.
    observed : float
        Least share of labels that came.
    producer : float
        Greatest share of one producer.
    contradicted : float
        Greatest share of labels that contradict trusted ones.
    moved : float
        Greatest sum of the norms of the updates in a window.
    """

    window: int
    observed: float = 0.0
    producer: float = 1.0
    contradicted: float = 1.0
    moved: float = math.inf


@dataclass(frozen=True, slots=True)
class Guard:
    """Whether learning stands still, and why.

    Attributes
    ----------
    reasons : tuple of str
        Empty while it goes on.
    since : int
        Examples seen when it froze; -1 while it goes on.
    seen, left_out : int
        Examples so far, and those that were not learned.
    window : Facts
        What was counted since the last judgement.

    Examples
    --------
    >>> limits = Limits(window=4, observed=0.5)
    >>> guard = Guard().after(limits, Facts(rows=4, observed=1))
    >>> guard.reasons
    ('labels are missing: 25 % came, of 50 % at least',)
    >>> guard.after(limits, Facts(rows=4, observed=4)).reasons
    ()
    """

    reasons: tuple[str, ...] = ()
    since: int = -1
    seen: int = 0
    left_out: int = 0
    window: Facts = field(default_factory=Facts)

    @property
    def frozen(self) -> bool:
        """Whether the next examples are left out."""
        return bool(self.reasons)

    def after(self, limits: Limits, facts: Facts) -> Guard:
        """Take in the next examples, learned or, while frozen, left out."""
        left_out = self.left_out + (facts.rows if self.frozen else 0)
        after = replace(self, seen=self.seen + facts.rows, left_out=left_out, window=self.window.and_then(facts))
        at_once = _at_once(limits, after.window)
        if at_once and not self.frozen:
            return after._judged(at_once)
        if after.window.rows < limits.window:
            return after
        return after._judged((*at_once, *_of_window(limits, after.window)))

    def thawed(self) -> Guard:
        """Go on at once, with a window that begins now."""
        return self._judged(())

    def _judged(self, reasons: tuple[str, ...]) -> Guard:
        since = (self.since if self.frozen else self.seen) if reasons else -1
        return replace(self, reasons=reasons, since=since, window=Facts())

    def as_json(self) -> Json:
        """All of its state."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """The one that `as_json` told of."""
        return cls(**{**told, "reasons": tuple(told["reasons"]), "window": Facts(**told["window"])})


def _at_once(limits: Limits, facts: Facts) -> tuple[str, ...]:
    reasons = [] if facts.finite else ["a loss or a gradient is not finite"]
    if not facts.moved <= limits.moved:
        reasons.append(f"the weights have moved by {facts.moved:.3g} in a window, of {limits.moved:g} at most")
    return tuple(reasons)


def _of_window(limits: Limits, facts: Facts) -> tuple[str, ...]:
    reasons = []
    if facts.observed < limits.observed * facts.rows:
        share = facts.observed / facts.rows
        reasons.append(f"labels are missing: {share:.0%} came, of {limits.observed:.0%} at least".replace("%", " %"))
    name = max(facts.producers, key=lambda name: facts.producers[name], default="")
    if name and facts.producers[name] > limits.producer * facts.observed:
        reasons.append(f"{name} floods: {facts.producers[name]} of {facts.observed} labels")
    if facts.trusted >= _LEAST_TRUSTED and facts.contradicted > limits.contradicted * facts.trusted:
        reasons.append(f"labels contradict trusted ones: {facts.contradicted} of {facts.trusted}")
    return tuple(reasons)
