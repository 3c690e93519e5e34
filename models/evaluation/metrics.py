"""Figures of one window of labelled answers."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64, Target

_LEAST: Final = 1e-7


def roc_auc(score_B: NDArray[np.floating], y_B: Float64) -> float:
    """Chance that a positive scores above a negative, ties counting half; NaN if one kind is missing.

    References
    ----------
    Hanley, McNeil 1982: The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> roc_auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    0.875
    """
    negatives = np.sort(score_B[y_B == 0])
    positives = score_B[y_B == 1]
    if not len(negatives) or not len(positives):
        return math.nan
    below = np.searchsorted(negatives, positives, "left").mean()
    not_above = np.searchsorted(negatives, positives, "right").mean()
    return float((below + not_above) / 2 / len(negatives))


def figures(target: Target, output_BK: Float32, y_B: Float64) -> dict[str, float]:
    """Figures of a window, by name.

    Parameters
    ----------
    output_BK : ndarray of float32, shape (B, K)
        Answers as served.
    y_B : ndarray of float64, shape (B,)

    Returns
    -------
    dict
        Binary: ``roc_auc``, ``log_loss``, ``accuracy``. Multiclass: ``log_loss``, ``accuracy``. Regression: ``mae``,
        ``rmse``, in the label's unit.

    Examples
    --------
    >>> figures("regression", np.array([[1.0], [2.0]], np.float32), np.array([1.0, 4.0]))["mae"]
    1.0
    """
    if target == "regression":
        error_B = output_BK[:, 0].astype(np.float64) - y_B
        return {"mae": float(np.abs(error_B).mean()), "rmse": float(np.sqrt(np.square(error_B).mean()))}
    share_BK = output_BK.astype(np.float64)
    if target == "binary":
        share_BK = np.concatenate((1 - share_BK, share_BK), 1)
    given_B = share_BK[np.arange(len(y_B)), y_B.astype(np.int64)]
    both = {
        "log_loss": float(-np.log(np.clip(given_B, _LEAST, 1.0)).mean()),
        "accuracy": float((share_BK.argmax(1) == y_B).mean()),
    }
    return {"roc_auc": roc_auc(output_BK[:, 0], y_B), **both} if target == "binary" else both


def figure_names(target: Target) -> tuple[str, ...]:
    """Names of what `figures` returns."""
    names = {
        "binary": ("roc_auc", "log_loss", "accuracy"),
        "multiclass": ("log_loss", "accuracy"),
        "regression": ("mae", "rmse"),
    }
    return names[target]
