"""The population stability index: how far a histogram has moved from its reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def population_stability_index(window_FK: NDArray[np.int64], reference_FK: NDArray[np.int64]) -> NDArray[np.float64]:
    """Σ (p − q) · ln(p / q) over the bins of each column; 0 where the proportions are equal.

    By convention below 0.1 is stable, 0.1 to 0.25 asks to be watched, above 0.25 to be acted upon. With B bins and n
    and m rows of one distribution it is about (B − 1) · (1/n + 1/m) by chance alone: small windows need wide bands.

    Empty bins are smoothed: half a row of the smaller histogram, as a proportion, is added to every bin of both, so
    that it is finite, and a bin that is empty in both says nothing.

    Parameters
    ----------
    window_FK, reference_FK : ndarray of int64, shape (F, K)
        Counts of F columns in K bins, at least 0.

    Returns
    -------
    ndarray of float64, shape (F,)
        At least 0; 0 for a column that one of the two has no rows of.

    References
    ----------
    Siddiqi, N. (2006). Credit Risk Scorecards, chapter 10. Yurdakul, B. and Naranjo, J. (2020). Statistical properties
    of the population stability index. Journal of Risk Model Validation 14(4).

    Examples
    --------
    >>> same, moved = np.array([[50, 50, 0]]), np.array([[90, 10, 0]])
    >>> population_stability_index(same, 3 * same).round(3), population_stability_index(moved, same).round(2)
    (array([0.]), array([0.85]))
    """
    window_F1 = window_FK.sum(axis=1, keepdims=True)
    reference_F1 = reference_FK.sum(axis=1, keepdims=True)
    fewest_F1 = np.minimum(window_F1, reference_F1)
    weight_F1 = 0.5 / np.maximum(fewest_F1, 1)
    p_FK = window_FK / np.maximum(window_F1, 1) + weight_F1
    q_FK = reference_FK / np.maximum(reference_F1, 1) + weight_F1
    index_F = ((p_FK - q_FK) * np.log(p_FK / q_FK)).sum(axis=1) / (1 + window_FK.shape[1] * weight_F1[:, 0])
    return np.where(fewest_F1[:, 0] > 0, index_F, 0.0)
