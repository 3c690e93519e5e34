"""The Jensen–Shannon distance of histograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.int64]


def jensen_shannon(window_FK: Counts, reference_FK: Counts) -> NDArray[np.float64]:
    """Square root of the mean relative entropy (natural logarithm) of both proportions to their mean: a metric.

    Parameters
    ----------
    window_FK, reference_FK : ndarray of int64, shape (F, K)
        Counts of F columns in K bins, at least 0.

    Returns
    -------
    ndarray of float64, shape (F,)
        From 0 to √ln 2 ≈ 0.8326, which says that no bin has rows of both; 0 where one side is empty, for nothing can
        be told.

    References
    ----------
    Endres, D. M. and Schindelin, J. E. (2003). A new metric for probability distributions. IEEE Transactions on
    Information Theory 49(7).

    Examples
    --------
    >>> jensen_shannon(np.array([[4, 0], [1, 3]]), np.array([[0, 2], [2, 6]])).round(4)
    array([0.8326, 0.    ])
    """
    window_F1 = window_FK.sum(axis=1, keepdims=True)
    reference_F1 = reference_FK.sum(axis=1, keepdims=True)
    p_FK, q_FK = window_FK / np.maximum(window_F1, 1), reference_FK / np.maximum(reference_F1, 1)
    mean_FK = (p_FK + q_FK) / 2
    divergence_F = (special.rel_entr(p_FK, mean_FK) + special.rel_entr(q_FK, mean_FK)).sum(axis=1) / 2
    told_F = np.minimum(window_F1, reference_F1)[:, 0] > 0
    return np.where(told_F, np.sqrt(np.maximum(divergence_F, 0.0)), 0.0)
