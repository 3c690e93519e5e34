"""Prequential figures: each answer is scored by the label that comes later, in windows of equal size.

Figures are means over windows, never pooled: pooling would mix answers of models months apart, whose
scores were never meant to be compared.

References
----------
Dawid 1984: Present position and potential developments: the prequential approach.
Gama, Sebastião, Rodrigues 2013: On evaluating stream learning algorithms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import figure_names, figures
from models.protocol import Float32, Float64, Snapshot, Target

_KEPT: Final = 1024


class Prequential:
    """Scores labelled answers in windows of a fixed number of them, in bounded memory.

    Parameters
    ----------
    target : {"binary", "multiclass", "regression"}
    outputs : int
        K.
    window : int
        Labelled answers in each window.

    Examples
    --------
    >>> scores = Prequential("binary", outputs=1, window=2)
    >>> scores.add(np.array([[0.2], [0.9], [0.4]], np.float32), np.array([0.0, 1.0, 1.0]))
    [{'roc_auc': 1.0, 'log_loss': 0.16425204859413997, 'accuracy': 1.0}]
    >>> scores.windows, scores.mean()["roc_auc"]
    (1, 1.0)
    """

    def __init__(self, target: Target, outputs: int, window: int) -> None:
        self._target, self._window = target, window
        self._names = figure_names(target)
        self._output_BK = np.empty((0, outputs), np.float32)
        self._y_B = np.empty(0, np.float64)
        self._sums = np.zeros(len(self._names))
        self._counts = np.zeros(len(self._names), np.int64)
        self._recent: NDArray[np.float64] = np.empty((0, len(self._names)))
        self.windows = 0
        self.scored = 0

    def add(self, output_BK: Float32, y_B: Float64) -> list[dict[str, float]]:
        """Take in labelled answers, in order, and return the figures of the windows they filled."""
        self._output_BK = np.concatenate((self._output_BK, output_BK))
        self._y_B = np.concatenate((self._y_B, y_B))
        self.scored += len(y_B)
        closed = []
        while len(self._y_B) >= self._window:
            closed.append(self._close())
        return closed

    def mean(self) -> dict[str, float]:
        """Mean of each figure over the closed windows in which it is defined; NaN before the first."""
        means = np.where(self._counts > 0, self._sums / np.maximum(self._counts, 1), math.nan)
        return dict(zip(self._names, means.tolist(), strict=True))

    def open_window(self) -> dict[str, float]:
        """Figures of the window that is still filling: all NaN while it is empty."""
        if not len(self._y_B):
            return dict.fromkeys(self._names, math.nan)
        return figures(self._target, self._output_BK, self._y_B)

    def recent(self) -> list[Mapping[str, float]]:
        """Figures of the last windows, oldest first; at most 1,024."""
        return [dict(zip(self._names, row, strict=True)) for row in self._recent.tolist()]

    def snapshot(self) -> Snapshot:
        """All of its state."""
        tensors: dict[str, NDArray[Any]] = {
            "output": self._output_BK.copy(),
            "y": self._y_B.copy(),
            "sums": self._sums.copy(),
            "counts": self._counts.copy(),
            "recent": self._recent.copy(),
        }
        return Snapshot(tensors, {"windows": self.windows, "scored": self.scored})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        tensors = {name: np.array(value) for name, value in snapshot.tensors.items()}
        self._output_BK, self._y_B, self._recent = tensors["output"], tensors["y"], tensors["recent"]
        self._sums, self._counts = tensors["sums"], tensors["counts"]
        self.windows, self.scored = int(snapshot.manifest["windows"]), int(snapshot.manifest["scored"])

    def _close(self) -> dict[str, float]:
        size = self._window
        found = figures(self._target, self._output_BK[:size], self._y_B[:size])
        self._output_BK, self._y_B = self._output_BK[size:], self._y_B[size:]
        row = np.array([found[name] for name in self._names])
        self._sums += np.nan_to_num(row)
        self._counts += ~np.isnan(row)
        self._recent = np.concatenate((self._recent, row[None]))[-_KEPT:]
        self.windows += 1
        return found
