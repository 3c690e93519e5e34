"""The gate section of a pipeline file: which candidate may be published, and what it must not have forgotten."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.section import Section

Share = Annotated[float, Field(gt=0, lt=1)]
Loss = Annotated[float, Field(ge=0, le=1)]


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
    """

    policy: Literal["better"]
    alpha: Share = 0.05
    epsilon: Loss = 0.02
    concepts: Concepts = Concepts()


Gate = Annotated[FiniteGate | BetterGate, Field(discriminator="policy")]


class Freeze(Section):
    """When learning stands still by itself; serving goes on. Left out: never.

    It freezes if a loss or a gradient is not finite; if of `window` examples less than the share `observed` have a
    label that came, not the default at timeout; if the weights have moved by more than `moved` within a window (the
    sum of the norms of their changes). It goes on after a whole window without a cause. What came meanwhile is not
    learned.
    """

    window: Annotated[int, Field(ge=1)] = 1024
    observed: Loss = 0.0
    moved: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
