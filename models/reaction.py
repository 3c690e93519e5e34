"""The policy of reactions: from a signal and what was done before to what is to be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Self

from models.protocol import Json
from models.trailing_loss import TrailingLoss
from schemas.pipeline_reaction import Alarm, DriftTrigger, ReactionRule, WorseTrigger

REMEMBERED: Final = 64
"""Drifts that a rule knows it has dealt with."""


@dataclass(frozen=True, slots=True)
class DriftSignal:
    """A report of a drift; fields as in ``drift.avsc``."""

    id: str
    kind: str
    pattern: str
    severity: str
    state: str


@dataclass(frozen=True, slots=True)
class BatchSignal:
    """A minibatch has been learned.

    Attributes
    ----------
    examples : tuple of int
        Learned before it and after it.
    time : tuple of float
        Event time reached before it and after it, ms since 1970; 0: none yet.
    regime : bool
        The bank has begun another regime.
    rows, own, champion : int, float, float or None
        How many rows were scored, and the sums of the losses of learner and champion; None while there is no champion.
    alarms : frozenset of str
        Detectors that say that the learner's errors have risen.
    """

    examples: tuple[int, int]
    time: tuple[float, float]
    regime: bool = False
    rows: int = 0
    own: float = 0.0
    champion: float | None = None
    alarms: frozenset[Alarm] = frozenset()


Signal = DriftSignal | BatchSignal


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule must know of the past.

    Attributes
    ----------
    fired : int
        Examples learned when it last was; -1: never.
    drifts : tuple of str
        Ids of those dealt with, newest last.
    trailing : TrailingLoss
        For a rule on losses.
    """

    fired: int = -1
    drifts: tuple[str, ...] = ()
    trailing: TrailingLoss = field(default_factory=TrailingLoss)

    def as_json(self) -> Json:
        """All of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """The one that `as_json` told of."""
        trailing = TrailingLoss(**{**told["trailing"], "before": tuple(told["trailing"]["before"])})
        return cls(int(told["fired"]), tuple(told["drifts"]), trailing)


def decide(
    rules: Sequence[ReactionRule], states: Sequence[RuleState], signal: Signal, examples: int, frozen: bool = False
) -> tuple[tuple[RuleState, ...], tuple[ReactionRule, ...]]:
    """Find the rules that a signal calls for.

    Parameters
    ----------
    rules, states : sequences
        Of the pipeline file, and what each knows.
    examples : int
        Learned so far.
    frozen : bool
        Learning stands still: nothing is due, and what is dealt with so is not made up for.

    Returns
    -------
    states : tuple of RuleState
    due : tuple of ReactionRule
        In the order of the file.

    Examples
    --------
    >>> rule = ReactionRule.model_validate({"drift": {"kinds": ["concept"]}, "do": {"warm_restart": True}})
    >>> drift = DriftSignal("labels:1", "concept", "unknown", "act", "opened")
    >>> states, due = decide([rule], [RuleState()], drift, 500)
    >>> due == (rule,), states[0].fired
    (True, 500)
    >>> decide([rule], states, drift, 900_000)[1]  # the same drift once more
    ()
    """
    calls = [_called(rule, state, signal) for rule, state in zip(rules, states, strict=True)]
    cool = [_is_cool(rule, state, examples) and not frozen for rule, state in zip(rules, states, strict=True)]
    due = [called and ready for called, ready in zip(calls, cool, strict=True)]
    after = [_after(rule, state, signal, called) for rule, state, called in zip(rules, states, calls, strict=True)]
    fired = [replace(state, fired=examples) if now else state for state, now in zip(after, due, strict=True)]
    return tuple(fired), tuple(rule for rule, now in zip(rules, due, strict=True) if now)


def _called(rule: ReactionRule, state: RuleState, signal: Signal) -> bool:
    match signal:
        case DriftSignal():
            return rule.drift is not None and signal.id not in state.drifts and _fits(rule.drift, signal)
        case BatchSignal():
            return _is_due(rule, state, signal)


def _fits(trigger: DriftTrigger, drift: DriftSignal) -> bool:
    """Whether a drift is one of those asked for; one that is over already only if its pattern was asked for."""
    if drift.state == "closed" and not trigger.patterns:
        return False
    return (
        (not trigger.kinds or drift.kind in trigger.kinds)
        and (not trigger.patterns or drift.pattern in trigger.patterns)
        and (trigger.severity == "watch" or drift.severity == "act")
    )


def _is_due(rule: ReactionRule, state: RuleState, batch: BatchSignal) -> bool:
    if rule.examples is not None:
        return batch.examples[1] // rule.examples > batch.examples[0] // rule.examples
    if rule.time is not None:
        return batch.time[0] > 0 and batch.time[1] // rule.time > batch.time[0] // rule.time
    if rule.worse is not None:
        excess = _excess(rule.worse, state, batch)
        return excess is not None and excess > rule.worse.by
    if rule.alarm is not None:
        return rule.alarm in batch.alarms
    return rule.regime and batch.regime


def _excess(trigger: WorseTrigger, state: RuleState, batch: BatchSignal) -> float | None:
    if trigger.than == "champion" and batch.champion is None:
        return None
    told = (batch.rows, batch.own, batch.champion or 0.0)
    return state.trailing.excess(*told, window=trigger.window, itself=trigger.than == "own")


def _is_cool(rule: ReactionRule, state: RuleState, examples: int) -> bool:
    return state.fired < 0 or examples - state.fired >= rule.cool_down


def _after(rule: ReactionRule, state: RuleState, signal: Signal, called: bool) -> RuleState:
    if isinstance(signal, DriftSignal):
        return replace(state, drifts=(*state.drifts, signal.id)[-REMEMBERED:]) if called else state
    if rule.worse is None:
        return state
    if rule.worse.than == "champion" and signal.champion is None:
        return replace(state, trailing=TrailingLoss())  # a window holds only what both have answered
    told = (signal.rows, signal.own, signal.champion or 0.0)
    return replace(state, trailing=state.trailing.after(*told, window=rule.worse.window))
