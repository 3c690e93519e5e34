"""When learning must stand still: a sick feed of labels, or steps that would spoil the weights.

A state machine over what was counted in the log, in windows of examples. What cannot wait (numbers that are not
finite, a budget that is spent) freezes at once; what is a share of a window is judged when the window is full. Learning
goes on after a whole window without a cause.

References
----------
Hoeffding 1963: Probability inequalities for sums of bounded random variables (how far chance alone may carry a share).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from models.freeze_facts import Facts
from models.label_rates import LabelRates
from models.protocol import Json

_LEAST: Final = 20
"""Fewer labels say nothing of their givers."""
_BY_CHANCE: Final = 0.01
"""How often an honest window may be found to contradict, at most."""
_LEAST_OWN: Final = 10
_FURTHER: Final = 1.645
"""By how many standard deviations others must contradict more than so many trusted of their window: 1 in 20."""
_SHOWN: Final = 64


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
        Greatest share of one labeller of the labels that came.
    flood : float
        Most labels of one labeller in `per_ms` of event time.
    contradicted : float
        Greatest share of labels that contradict trusted ones, above the share that is expected.
    moved : float
        Greatest sum of the norms of the updates in a window.
    """

    window: int
    observed: float = 0.0
    producer: float = 1.0
    flood: float = math.inf
    per_ms: int = 3_600_000
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
    rates : LabelRates
        Labels by labeller and span of event time, if there is a limit to them.

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
    rates: LabelRates = field(default_factory=LabelRates)

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
        """Go on at once, with a window and rates that begin now."""
        return replace(self._judged(()), rates=LabelRates())

    def _judged(self, reasons: tuple[str, ...]) -> Guard:
        since = (self.since if self.frozen else self.seen) if reasons else -1
        return replace(self, reasons=reasons, since=since, window=Facts())

    def as_json(self) -> Json:
        """All of its state."""
        told = {name: getattr(self, name) for name in ("since", "seen", "left_out")}
        return {**told, "reasons": [*self.reasons], "window": asdict(self.window), "rates": self.rates.as_json()}

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """The one that `as_json` told of."""
        parts: dict[str, Any] = {
            "reasons": tuple(told["reasons"]),
            "window": Facts.from_json(told["window"]),
            "rates": LabelRates.from_json(told.get("rates", ())),
        }
        return cls(**{**told, **parts})


def _at_once(limits: Limits, facts: Facts) -> tuple[str, ...]:
    reasons = [] if facts.finite else ["a loss or a gradient is not finite"]
    if not facts.moved <= limits.moved:
        reasons.append(f"the weights have moved by {facts.moved:.3g} in a window, of {limits.moved:g} at most")
    count, name = facts.busiest
    if count > limits.flood:
        span = f"{limits.per_ms / 60_000:g} min of event time"
        reasons.append(f"{_named(name)} floods: {count} labels in {span}, of {limits.flood:g} at most")
    return tuple(reasons)


def _of_window(limits: Limits, facts: Facts) -> tuple[str, ...]:
    reasons = []
    if facts.observed < limits.observed * facts.rows:
        share = facts.observed / facts.rows
        reasons.append(f"labels are missing: {share:.0%} came, of {limits.observed:.0%} at least".replace("%", " %"))
    name = max(facts.producers, key=lambda name: facts.producers[name], default="")
    given = facts.producers.get(name, 0)
    if facts.observed >= _LEAST and given > limits.producer * facts.observed:
        most = f"{limits.producer:.0%} at most".replace("%", " %")
        reasons.append(f"{_named(name)} gives too many of the labels: {given} of {facts.observed}, of {most}")
    if facts.trusted >= _LEAST and facts.contradicted > facts.expected + _borne(limits, facts) and _is_further(facts):
        told = f"{facts.contradicted} of {facts.trusted}, of which {facts.expected:.0f} would be usual"
        reasons.append(f"labels contradict trusted ones: {told}")
    return tuple(reasons)


def _borne(limits: Limits, facts: Facts) -> float:
    """Labels that may contradict beyond what is expected: the share allowed, and what chance alone may bring."""
    return limits.contradicted * facts.trusted + math.sqrt(-math.log(_BY_CHANCE) / 2 * facts.trusted)


def _is_further(facts: Facts) -> bool:
    """Whether others contradict more than the trusted of the same window do, who do so where the world has changed.

    A test of two shares, pooled; with too few of the trusted there is nothing to compare with, and so it is.
    """
    if facts.own < _LEAST_OWN:
        return True
    share, own_share = facts.contradicted / facts.trusted, facts.own_contradicted / facts.own
    both = (facts.contradicted + facts.own_contradicted) / (facts.trusted + facts.own)
    return share - own_share > _FURTHER * math.sqrt(both * (1 - both) * (1 / facts.trusted + 1 / facts.own))


def _named(name: str) -> str:
    return name[:_SHOWN] or "(no labeller)"
