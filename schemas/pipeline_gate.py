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


class BetterGate(Section):
    """Asks for proof on fresh labels that a candidate is better than the version that serves.

    Losses are bounded to 0 … 1: Brier's for classes, the absolute error over the target's range for a regression.

    `alpha` is the chance that a candidate that is never better is published against a champion, however often it is
    looked at. `epsilon` is by how much a candidate's mean loss may exceed the champion's since it was last judged.
    """

    policy: Literal["better"]
    alpha: Share = 0.05
    epsilon: Loss = 0.02


Gate = Annotated[FiniteGate | BetterGate, Field(discriminator="policy")]
