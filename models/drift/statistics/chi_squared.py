"""Pearson's chi-squared test that two histograms are of one distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.int64]
Float64 = NDArray[np.float64]


def chi_squared(window_FK: Counts, reference_FK: Counts) -> tuple[Float64, Float64]:
    """Statistics and p-values of F tests of homogeneity, without Yates' correction.

    A bin that is empty in both says nothing and costs no degree of freedom. The p-value is asymptotic: it should not
    be leaned on where bins are expected to hold fewer than about five rows.

    Parameters
    ----------
    window_FK, reference_FK : ndarray of int64, shape (F, K)
        Counts of F columns in K bins, at least 0.

    Returns
    -------
    statistic_F : ndarray of float64, shape (F,)
        At least 0.
    p_F : ndarray of float64, shape (F,)
        Statistic 0 and p-value 1 where one side is empty or all rows are in one bin: nothing can be told.

    References
    ----------
    Pearson, K. (1900). On the criterion that a given system of deviations [...]. Philosophical Magazine 50(302).

    Examples
    --------
    >>> statistic_F, p_F = chi_squared(np.array([[30, 20, 0]]), np.array([[20, 30, 0]]))
    >>> statistic_F, p_F.round(4)
    (array([4.]), array([0.0455]))
    """
    sides_2FK = np.stack([window_FK, reference_FK]).astype(np.float64)
    of_bin_FK, of_side_2F1 = sides_2FK.sum(axis=0), sides_2FK.sum(axis=2, keepdims=True)
    rows_F1 = np.maximum(of_bin_FK.sum(axis=1, keepdims=True), 1)
    expected_2FK = of_side_2F1 * (of_bin_FK / rows_F1)
    surprise_2FK = np.square(sides_2FK - expected_2FK) / np.where(expected_2FK > 0, expected_2FK, 1)
    freedom_F = (of_bin_FK > 0).sum(axis=1) - 1
    told_F = (of_side_2F1[:, :, 0] > 0).all(axis=0) & (freedom_F > 0)
    statistic_F = np.where(told_F, surprise_2FK.sum(axis=(0, 2)), 0.0)
    p_F = np.where(told_F, special.chdtrc(np.maximum(freedom_F, 1), statistic_F), 1.0)
    return statistic_F, p_F
