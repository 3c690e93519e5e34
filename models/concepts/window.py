"""The rows that are not yet known to belong to the open regime, and what was lost on them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from models.gate_interval import RunningMean
from models.protocol import Float32, Float64


@dataclass(frozen=True, slots=True)
class Window:
    """Fresh rows in log order.

    Attributes
    ----------
    champion : str
        Digest of the version that `champion_lost` is of.
    champion_lost, best_lost : RunningMean
        Losses on these rows of the version that serves, and of the best one of the open regime.
    """

    x_WF: Float32
    y_W: Float64
    champion: str = ""
    champion_lost: RunningMean = field(default_factory=RunningMean)
    best_lost: RunningMean = field(default_factory=RunningMean)

    @classmethod
    def empty(cls, width: int) -> Window:
        """No rows yet."""
        return cls(np.empty((0, width), np.float32), np.empty(0, np.float64))

    def __len__(self) -> int:
        return len(self.y_W)

    def after(self, x_BF: Float32, y_B: Float64) -> Window:
        """Take in the next rows."""
        return replace(self, x_WF=np.concatenate((self.x_WF, x_BF)), y_W=np.concatenate((self.y_W, y_B)))

    def scored(self, champion: str, champion_B: Float64, best_B: Float64 | None) -> Window:
        """Take in what was lost on the last rows; another champion begins anew."""
        lost = self.champion_lost if champion == self.champion else RunningMean()
        best = self.best_lost if best_B is None else self.best_lost.after(best_B)
        return replace(self, champion=champion, champion_lost=lost.after(champion_B), best_lost=best)

    @property
    def champion_is_better(self) -> bool:
        """Whether the champion answered all of these rows, and lost no more than the best one did."""
        whole = self.champion_lost.count == len(self) > 0
        return whole and (not self.best_lost.count or self.champion_lost.mean <= self.best_lost.mean)
