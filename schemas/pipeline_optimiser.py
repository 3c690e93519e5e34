"""How a gradient becomes a step, as a pipeline file says it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.section import Section, later

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Schedule(Section):
    """The course of the learning rate over examples learned, as a factor from 1 down to `floor`.

    `warm_up` examples raise the rate in a line first. Then, per `period` examples: `step` and `exponential` multiply by
    `factor`; `cosine` falls to the floor in one period; `one_cycle` rises and falls in one. It begins again never, with
    each `period`, or when `drift` is found.
    """

    kind: Literal["constant", "step", "exponential", "cosine", "one_cycle"] = "constant"
    warm_up: Annotated[int, Field(ge=0)] = 0
    period: Annotated[int, Field(ge=1)] = 100_000
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    floor: Share = 0.05
    restart: Literal["never", "period", "drift"] = "never"

    @model_validator(mode="after")
    def _has_a_course(self) -> Self:
        if self.kind in ("constant", "step") and self.restart == "period":
            raise ValueError(f"within one period {self.kind} does not fall: choose another `kind` to restart with each")
        return self


CONSTANT: Final = Schedule()


class Reaction(Section):
    """What is done when the stream has drifted, at most once in `cool_down` examples.

    The rate is raised that many times for `over` examples; `forget_moments` clears what the optimiser remembers of past
    gradients; `reset_head` lets the last layer begin again.
    """

    raise_rate: Annotated[float, Field(ge=1, le=100)] = 1.0
    over: Annotated[int, Field(ge=1)] = 2000
    forget_moments: bool = False
    reset_head: bool = False
    cool_down: Annotated[int, Field(ge=0)] = 10_000


CALM: Final = Reaction()


class Optimiser(Section):
    """How a gradient becomes a step.

    `clip` bounds the gradient's norm. `momentum` is for sgd. `weight_decay` is the optimiser's own, decoupled in adamw;
    `l1` and `l2` are penalties on the loss, together the elastic net. A `sam_radius` above 0 takes each gradient at
    the worst point so near (SAM), for twice the work. `reaction` is to drift.
    """

    kind: Literal["adamw", "adam", "sgd", "adagrad", "rmsprop"] = "adamw"
    rate: Positive = 1e-3
    weight_decay: NonNegative = 0.0
    clip: Positive = 1.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = later(0.9)
    l1: NonNegative = later(0.0)
    l2: NonNegative = later(0.0)
    sam_radius: Annotated[float, Field(ge=0, le=10)] = later(0.0)
    schedule: Schedule = later(CONSTANT)
    reaction: Reaction = later(CALM)
