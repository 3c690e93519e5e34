"""The Kolmogorov–Smirnov statistic: the largest distance between two distribution functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sorted = NDArray[np.floating]


def ks_statistic(reference_R: Sorted, window_W: Sorted) -> float:
    """Distance of two sorted samples, ties counted as they must be.

    The distribution functions are farthest apart at a value of the window or just before one, so one search of the
    window in the reference suffices.

    Parameters
    ----------
    reference_R, window_W : ndarray of floats, shapes (R,) and (W,)
        Rising, without NaN.

    Returns
    -------
    float
        From 0 to 1; 0 if one of them is empty, for nothing can be told.

    References
    ----------
    Smirnov, N. (1939). On the estimation of the discrepancy between empirical curves of distribution for two
    independent samples. Bulletin Mathématique de l'Université de Moscou 2(2).

    Examples
    --------
    >>> ks_statistic(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0]))
    0.5
    """
    rows, of_window = len(reference_R), len(window_W)
    if min(rows, of_window) == 0:
        return 0.0
    below_W = np.searchsorted(reference_R, window_W)
    through_W = below_W
    if (reference_R[np.minimum(below_W, rows - 1)] == window_W).any():
        through_W = np.searchsorted(reference_R, window_W, side="right")
    step_W = np.arange(of_window) / of_window
    before = (below_W / rows - step_W).max()
    after = (step_W - through_W / rows).max() + 1 / of_window
    return float(max(before, after, 0.0))
