"""Losses between 0 and 1, one for each example: a test that may be looked at any time needs them bounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.protocol import Float32, Float64, Target


@dataclass(frozen=True, slots=True)
class BoundedLoss:
    """How far answers are from their labels, each on its own.

    Attributes
    ----------
    target : {"binary", "multiclass", "regression"}
        Classes: Brier's score, halved where there are several classes. Regression: the absolute error.
    span : float
        Of a regression: the error that counts as 1, as does any above it; in the label's unit.

    References
    ----------
    Brier 1950: Verification of forecasts expressed in terms of probability.

    Examples
    --------
    >>> BoundedLoss("binary")(np.array([[0.5], [1.0], [np.nan]], np.float32), np.array([1.0, 1.0, 1.0])).tolist()
    [0.25, 0.0, 1.0]
    >>> BoundedLoss("multiclass")(np.array([[0.0, 1.0, 0.0]], np.float32), np.array([2.0])).tolist()
    [1.0]
    >>> BoundedLoss("regression", span=10.0)(np.array([[3.0]], np.float32), np.array([5.0])).tolist()
    [0.2]
    """

    target: Target
    span: float = 1.0

    def __call__(self, output_BK: Float32, y_B: Float64) -> Float64:
        """Loss of each row, shape (B,); an answer that is not a number loses 1."""
        answer_BK = output_BK.astype(np.float64)
        if self.target == "regression":
            loss_B = np.abs(answer_BK[:, 0] - y_B) / self.span
        elif self.target == "binary":
            loss_B = np.square(answer_BK[:, 0] - y_B)
        else:
            truth_BK = np.zeros_like(answer_BK)
            truth_BK[np.arange(len(y_B)), y_B.astype(np.int64)] = 1.0
            loss_B = np.square(answer_BK - truth_BK).sum(axis=1) / 2
        return np.clip(np.nan_to_num(loss_B, nan=1.0), 0.0, 1.0)
