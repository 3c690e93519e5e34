"""Figures of a run: accuracy, kappa-temporal and AUC by windows.

Shape suffixes: T rows, K outputs, C classes.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import roc_auc
from models.protocol import Float32, Float64

WINDOW: Final = 1_000


def guesses(output_TK: Float32) -> NDArray[np.int64]:
    """Class that each answer says; at one half, 0, as River says too.

    Examples
    --------
    >>> guesses(np.array([[0.2], [0.5]], np.float32)), guesses(np.array([[0.2, 0.7, 0.1]], np.float32))
    (array([0, 0]), array([1]))
    """
    if output_TK.shape[1] == 1:
        return (output_TK[:, 0] > 0.5).astype(np.int64)
    return np.asarray(output_TK.argmax(axis=1), np.int64)


def last_known(y_T: Float64, delay: int) -> NDArray[np.int64]:
    """Answer of whoever repeats the last label that has come; 0 before the first.

    Examples
    --------
    >>> last_known(np.array([1.0, 0.0, 1.0, 1.0]), delay=1)
    array([0, 0, 1, 0])
    """
    known_T = np.zeros(len(y_T), np.int64)
    known_T[delay + 1 :] = y_T[: max(len(y_T) - delay - 1, 0)]
    return known_T


def kappa_temporal(accuracy: float, persistence: float) -> float:
    """How much of what the last known label leaves wrong is got right: 1 all, 0 none, below 0 worse than it.

    References
    ----------
    Žliobaitė, Bifet, Read, Pfahringer, Holmes 2015: Evaluation methods and decision theory for classification of
    streaming data with temporal dependence.

    Examples
    --------
    >>> round(kappa_temporal(0.9, 0.8), 3)
    0.5
    """
    return (accuracy - persistence) / (1 - persistence) if persistence < 1 else math.nan


def windowed_auc(output_TK: Float32, y_T: Float64, window: int = WINDOW) -> float:
    """Mean over windows of the area under the ROC curve; of more than two classes the mean of one against the rest.

    Never pooled over the stream: scores of different times are not on one scale. Windows without both kinds are left
    out; NaN if all are.

    References
    ----------
    Brzezinski, Stefanowski 2017: Prequential AUC.
    """
    found = [
        _auc(output_TK[start : start + window], y_T[start : start + window]) for start in range(0, len(y_T), window)
    ]
    found = [area for area in found if not math.isnan(area)]
    return float(np.mean(found)) if found else math.nan


def _auc(output_TK: Float32, y_T: Float64) -> float:
    if output_TK.shape[1] == 1:
        return roc_auc(output_TK[:, 0], y_T)
    each = [roc_auc(output_TK[:, c], (y_T == c).astype(np.float64)) for c in range(output_TK.shape[1])]
    each = [area for area in each if not math.isnan(area)]
    return float(np.mean(each)) if each else math.nan


def figures(output_TK: Float32, y_T: Float64, delay: int) -> dict[str, float]:
    """All of a run: shares of 1."""
    accuracy = float((guesses(output_TK) == y_T).mean())
    persistence = float((last_known(y_T, delay) == y_T).mean())
    return {
        "accuracy": accuracy,
        "kappa_temporal": kappa_temporal(accuracy, persistence),
        "windowed_auc": windowed_auc(output_TK, y_T),
    }


def by_window(output_TK: Float32, y_T: Float64, window: int = WINDOW) -> list[float]:
    """Accuracy of each window, for the plot."""
    right_T = guesses(output_TK) == y_T
    return [float(right_T[start : start + window].mean()) for start in range(0, len(y_T), window)]
