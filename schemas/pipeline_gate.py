"""The gate section of a pipeline file: which candidate may be published, and what it must not have forgotten."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.durations import Duration
from schemas.section import Section, later

Share = Annotated[float, Field(gt=0, lt=1)]
Loss = Annotated[float, Field(ge=0, le=1)]
Labeller = Annotated[str, Field(min_length=1, max_length=255)]


class FiniteGate(Section):
    """Refuses only what has gone to NaN or infinity."""

    policy: Literal["finite"] = "finite"


class Concepts(Section):
    """The bank of regimes that were told apart; `size` of them at most, 0 for none.

    Inputs have moved if, over `window` examples, the histogram of a column is further than `distance` from the
    regime's (Jensen and Shannon's, 0 to 1). Answers have moved if the regime's best version is shown to lose more than
    `margin` above what it lost there; wrongly at most once in `run` examples on average. Of each regime, `sample`
    labelled examples are kept, on which a candidate must still do well.
    """

    size: Annotated[int, Field(ge=0, le=64)] = 8
    sample: Annotated[int, Field(ge=16, le=65_536)] = 512
    window: Annotated[int, Field(ge=32, le=1_000_000)] = 512
    distance: Share = 0.4
    margin: Share = 0.03
    run: Annotated[int, Field(ge=100)] = 20_000


class BetterGate(Section):
    """Asks for proof on fresh labels that a candidate is better than the version that serves.

    Losses are bounded to 0 … 1: Brier's for classes, the absolute error over the target's range for a regression.

    `alpha` is the chance that a candidate that is never better is published against a champion, however often it is
    looked at. `epsilon` is by how much a candidate's mean loss may exceed the champion's since it was last judged, and
    that of the best version of any banked concept which the present does not contradict.

    A proof is one of the learner, not of one moment of it: for `follow` examples after it, what the learner becomes is
    published without another, if it loses less than the champion that it was. `alpha` is then the chance of the proof,
    and none is known for what follows a true one. 0: each version needs its own.
    """

    policy: Literal["better"]
    alpha: Share = 0.05
    epsilon: Loss = 0.02
    follow: Annotated[int, Field(ge=0, le=1_000_000)] = later(0)
    concepts: Concepts = Concepts()


Gate = Annotated[FiniteGate | BetterGate, Field(discriminator="policy")]


class Flood(Section):
    """More than `labels` of one labeller within `per` of event time, by `label_time`, are a flood."""

    labels: Annotated[int, Field(ge=1)]
    per: Duration = 3_600_000


class Trusted(Section):
    """Whom to believe: the newest `holdout` labels of these `labellers` are kept, with their vectors.

    A label of anybody else is held against its `nearest` neighbours among them, over all columns that the model does
    not ignore. Where these all agree and it says otherwise, it contradicts them. Learning freezes if the share of those
    that contradict exceeds, by more than `contradicted` and what chance may bring in 1 of 100 windows, the share of
    trusted labels that contradicted the trusted ones before them, unless the trusted labels of the same window do so as
    much: then the world has changed, and the labels that are kept are old.
    """

    labellers: Annotated[list[Labeller], Field(min_length=1, max_length=64)]
    holdout: Annotated[int, Field(ge=20, le=8192)] = 256
    nearest: Annotated[int, Field(ge=1, le=20)] = 5
    contradicted: Share = 0.2


class Freeze(Section):
    """When learning stands still by itself; serving goes on. Left out: never.

    It freezes if a loss or a gradient is not finite; if of `window` examples less than the share `observed` have a
    label that came, not the default at timeout; if the weights have moved by more than `moved` within a window (the
    sum of the norms of their changes). By who gave the labels, it freezes if one labeller gave more than the `share` of
    those that came in a window; at a `flood`; and if others contradict those that are `trusted`. Labels that name no
    labeller are one labeller's. It goes on after a whole window without a cause. What came meanwhile is not learned.
    """

    window: Annotated[int, Field(ge=1)] = 1024
    observed: Loss = 0.0
    moved: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    share: Share | None = later(None)
    flood: Flood | None = later(None)
    trusted: Trusted | None = later(None)
