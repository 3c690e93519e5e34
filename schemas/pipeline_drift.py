"""The section `drift` of a pipeline file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.durations import Duration
from schemas.pipeline_optimiser import Positive
from schemas.section import Section


class Psi(Section):
    """Bands of the population stability index."""

    watch: Positive = 0.1
    act: Positive = 0.25


class Drift(Section):
    """Windows of event time that are tested against a reference of as many windows."""

    window: Duration = 86_400_000
    reference: Annotated[int, Field(ge=1)] = 7
    minimum: Annotated[int, Field(ge=1)] = 200
    bins: Annotated[int, Field(ge=2, le=256)] = 16
    psi: Psi = Psi()
