"""Was a version published that forgets what it ought to hold? Judged on rows that nobody has learned or kept."""

from __future__ import annotations

import math
from typing import Final, Protocol

from benchmarks.learning.forgetting import Answering
from benchmarks.learning.streams import Stream
from models.gate_court import Regime
from models.gate_loss import BoundedLoss
from schemas.pipeline_gate import BetterGate

EPSILON: Final = BetterGate(policy="better").epsilon
FIRST: Final = 1
"""Number of the first regime that the bank tells apart."""


class Publishing(Answering, Protocol):
    """Who answers with the version published last."""

    @property
    def published(self) -> int:
        """How many versions were."""
        ...

    @property
    def regime(self) -> Regime:
        """The present one."""
        ...


class Witness:
    """Looks at each version as it is published.

    Attributes
    ----------
    judged : int
        Versions published while the first concept was banked and the present did not contradict it.
    forgetting : int
        Those of them that lose more on it than the best version before, by more than `EPSILON`.
    """

    def __init__(self, product: Publishing, held_out: Stream) -> None:
        self._product, self._held_out = product, held_out
        self._loss = BoundedLoss(held_out.target)
        self._best, self._seen = math.inf, 0
        self.judged = self.forgetting = 0

    def look(self, _rows: int) -> None:
        """Judge what was published since the last look."""
        if self._product.published == self._seen:
            return
        self._seen, now = self._product.published, self._product.regime
        lost = float(self._loss(self._product.predict_many(self._held_out.x_TF), self._held_out.y_T).mean())
        if now.number <= FIRST:
            self._best = min(self._best, lost)
        elif FIRST not in now.contradicted:
            self.judged += 1
            self.forgetting += lost > self._best + EPSILON

    @property
    def told(self) -> dict[str, int]:
        """Its counts."""
        return {"judged": self.judged, "forgetting": self.forgetting}
