"""Effect sizes that a drift must exceed."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from schemas.pipeline_optimiser import Positive
from schemas.section import Section


class Bands(Section):
    """Effect sizes: above `watch` a column has moved, above `act` far."""

    watch: Positive
    act: Positive

    @model_validator(mode="after")
    def _rise(self) -> Self:
        if self.watch > self.act:
            raise ValueError(f"`watch`, {self.watch:g}, must not be above `act`, {self.act:g}: say both")
        return self
