"""What the learner does when the stream has drifted, or something else is due, as a pipeline file says it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.durations import Duration
from schemas.error_detectors import Alarm as Alarm
from schemas.pipeline_drift import Kind
from schemas.section import Section, later

Offset = Annotated[int, Field(ge=0)]
Rows = Annotated[int, Field(ge=1)]
Pattern = Literal["abrupt", "gradual", "incremental", "recurring", "blip"]
How = Literal["full", "incremental", "transfer"]
TRIGGERS: Final = ("drift", "regime", "worse", "examples", "time", "alarm")


class RaiseRate(Section):
    """The learning rate is `times` as high for `over` examples."""

    times: Annotated[float, Field(gt=0, le=1000)] = 5.0
    over: Rows = 2000


class Retrain(Section):
    """Another learner learns a range of the log, and stands against the champion.

    A `full` one begins with nothing, an `incremental` one with the champion's weights, a `transfer` with those of the
    version that did best in the banked concept of the number `concept`; left out, in the one that does best now. It
    learns the `last` so many examples, or those at the offsets `between` (first and last), or all there were, `passes`
    times over. It then goes on beside the learner until the gate admits it, and takes the learner's place; or until it
    has not been admitted for `trial` examples, and is dropped. While it is on trial no rule sets another beside it.
    """

    how: How = "full"
    last: Rows | None = None
    between: tuple[Offset, Offset] | None = None
    passes: Annotated[int, Field(ge=1, le=100)] = 1
    concept: Rows | None = None
    trial: Rows = 16_384

    @model_validator(mode="after")
    def _is_one_range(self) -> Self:
        if self.last is not None and self.between is not None:
            raise ValueError("`last` and `between` are two ways to say one range: leave one out")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError("`between` is the first offset and the last one: they do not fall")
        if self.concept is not None and self.how != "transfer":
            raise ValueError("`concept` says from which banked version to begin: set `how` to transfer")
        return self


class Recall(Section):
    """The version that did best in a banked concept stands against the champion as a learner of its own.

    Of the concept of the number `concept`; left out, of the one that does best now. It learns what comes, and is judged
    for `trial` examples, as a retrained one.
    """

    concept: Rows | None = None
    trial: Rows = 16_384


class Action(Section):
    """What is done; several of them in this order.

    `warm_restart` begins the schedule of the rate again and clears what the optimiser remembers of past gradients,
    `reset_head` lets the last layer begin again.
    """

    warm_restart: bool = False
    reset_head: bool = False
    raise_rate: RaiseRate | None = None
    retrain: Retrain | None = None
    recall: Recall | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.chosen:
            raise ValueError(f"says nothing to do: one of {', '.join(type(self).model_fields)}")
        if self.retrain is not None and self.recall is not None:
            raise ValueError("`retrain` and `recall` both set a learner beside the present one: leave one out")
        return self

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of what is done."""
        return tuple(name for name in type(self).model_fields if getattr(self, name))

    @property
    def challenges(self) -> bool:
        """Whether it sets a learner beside the present one."""
        return self.retrain is not None or self.recall is not None

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of what is done to the learner itself, which only networks know."""
        return tuple(name for name in self.chosen if name not in ("retrain", "recall"))


class DriftTrigger(Section):
    """A drift that `drift_watch` has found; of some `kinds` or `patterns` only, and at least so severe.

    A drift counts once. What its pattern was is known when it closes (of a recurring one, before).
    """

    kinds: tuple[Kind, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    severity: Literal["watch", "act"] = "act"


class WorseTrigger(Section):
    """The learner's loss over `window` examples is higher by more than `by`, each scored before it was learned.

    Than the `champion`'s on the same examples, or than its `own` over the eight windows before. The loss is the gate's:
    Brier's for classes, the absolute error over the target's range for a regression.
    """

    by: Annotated[float, Field(gt=0, lt=1)]
    window: Rows = 1024
    than: Literal["champion", "own"] = "own"


class ReactionRule(Section):
    """When something is done, and what; at most once in `cool_down` examples, and never while learning is frozen.

    One of: `drift`; `regime`, whenever the bank begins another one; `worse`; `examples`, with every so many; `time`,
    with every so long a span of event time; `alarm`, whenever this detector says that the learner's own errors have
    risen, each scored before it was learned.
    """

    drift: DriftTrigger | None = None
    regime: bool = False
    worse: WorseTrigger | None = None
    examples: Rows | None = None
    time: Duration | None = None
    alarm: Alarm | None = later(None)
    do: Action
    cool_down: Annotated[int, Field(ge=0)] = 10_000

    @property
    def trigger(self) -> str:
        """Name of its trigger."""
        return self._triggers()[0]

    def _triggers(self) -> list[str]:
        """Names of those that are given; a `regime: false` is none."""
        return [name for name in TRIGGERS if getattr(self, name) is not None and getattr(self, name) is not False]

    @model_validator(mode="after")
    def _has_one_trigger(self) -> Self:
        if len(self._triggers()) != 1:
            raise ValueError(f"must have exactly one of {', '.join(TRIGGERS[:-1])} and {TRIGGERS[-1]}")
        if self.time == 0:
            raise ValueError("`time` must be above 0")
        return self
