"""Effect sizes that a drift must exceed."""

from __future__ import annotations

from schemas.pipeline_optimiser import Positive
from schemas.section import Section


class Bands(Section):
    """Effect sizes: above `watch` a column has moved, above `act` far."""

    watch: Positive
    act: Positive
