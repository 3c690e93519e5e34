"""The headline score of the answers as served, with its course over event time."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import figure_names
from models.evaluation.prequential import Prequential
from schemas.layout import Layout
from services.watch.view import Point

_KEPT = 10_000


class Scores:
    """Prequential figures of labelled answers, in the order of their labels.

    Parameters
    ----------
    layout : Layout
        Says which figures there are; the first is the headline.
    window : int
        Labelled answers in each window.
    """

    def __init__(self, layout: Layout, window: int) -> None:
        self.name = figure_names(layout.target)[0]
        self.history: deque[Point] = deque(maxlen=_KEPT)
        self._scores = Prequential(layout.target, layout.outputs, window)

    def add(self, time_B: NDArray[np.float64], label_B: NDArray[np.float64], output_BK: NDArray[np.float32]) -> None:
        """Take in labelled answers; a window that they fill is dated by the newest of them."""
        closed = self._scores.add(output_BK, label_B)
        self.history.extend((float(time_B.max()), figures[self.name]) for figures in closed)

    @property
    def mean(self) -> float:
        """Mean of the headline over whole windows; NaN before the first."""
        return self._scores.mean()[self.name]

    @property
    def last(self) -> float:
        """Headline of the newest whole window; NaN before the first."""
        return self.history[-1][1] if self.history else math.nan

    @property
    def log_loss(self) -> float:
        """Mean log loss over whole windows; NaN where the target has none."""
        return self._scores.mean().get("log_loss", math.nan)
