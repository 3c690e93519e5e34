"""How likely a two-sample Kolmogorov–Smirnov statistic is by chance."""

from __future__ import annotations

from math import gcd
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Float64 = NDArray[np.float64]
Method = Literal["auto", "exact", "asymptotic", "limit"]
EXACT_UP_TO = 10_000
"""Rows of the larger sample up to which ``auto`` is exact: as in scipy."""


def ks_p_values(statistic_F: Float64, reference: int, window: int, method: Method = "auto") -> Float64:
    """Probability that two samples of one continuous distribution lie at least so far apart.

    Between samples of one size the exact probability is a short sum. Between others it takes `reference` + `window`
    steps over all F at once: half a second for ten columns of 10,000 against 9,990 rows. ``asymptotic``, the exact
    probability for one sample of the effective size, takes up to 5 ms a column, and ``limit``, the limit distribution
    with Stephens' correction, some microseconds: the latter two differ by less than 0.03, from an effective size of 100
    on by less than 0.015. Tied values make all of them conservative.

    Parameters
    ----------
    statistic_F : ndarray of float64, shape (F,)
        From 0 to 1.
    reference, window : int
        Rows of the two samples. If one has none, or each has one and `method` is ``asymptotic``, all are 1: nothing
        can be told.
    method : {"auto", "exact", "asymptotic", "limit"}
        ``auto`` is exact if neither sample has more than `EXACT_UP_TO` rows, else asymptotic: as in scipy.

    Returns
    -------
    ndarray of float64, shape (F,)

    References
    ----------
    Hodges, J. L. (1958). The significance probability of the Smirnov two-sample test. Arkiv för Matematik 3(5).
    Simard, R. and L'Ecuyer, P. (2011). Computing the two-sided Kolmogorov–Smirnov distribution. Journal of
    Statistical Software 39(11). Stephens, M. A. (1970). Use of the Kolmogorov–Smirnov, Cramér–von Mises and related
    statistics without extensive tables. Journal of the Royal Statistical Society B 32(1).

    Examples
    --------
    >>> ks_p_values(np.array([0.0, 0.5, 1.0]), 4, 4).round(4)
    array([1.    , 0.7714, 0.0286])
    """
    effective = round(reference * window / (reference + window)) if min(reference, window) else 0
    if effective == 0 and (method == "asymptotic" or min(reference, window) == 0):
        return np.ones_like(statistic_F)
    if method == "limit":
        return _limit(statistic_F, reference * window / (reference + window))
    if method == "asymptotic" or (method == "auto" and max(reference, window) > EXACT_UP_TO):
        return np.asarray(np.clip(stats.kstwo.sf(statistic_F, effective), 0.0, 1.0), np.float64)
    steps = reference // gcd(reference, window) * window
    height_F = np.round(statistic_F * steps).astype(np.int64)
    outside = _outside_square if reference == window else _outside_rectangle
    return np.where(height_F > 0, np.clip(outside(reference, window, np.maximum(height_F, 1)), 0.0, 1.0), 1.0)


def _limit(statistic_F: Float64, effective: float) -> Float64:
    root = np.sqrt(effective)
    return np.asarray(special.kolmogorov((root + 0.12 + 0.11 / root) * statistic_F))


def _outside_square(rows: int, _: int, height_F: NDArray[np.int64]) -> Float64:
    """Share of paths from (0, 0) to (rows, rows) that touch |x − y| = height: 2 Σ (−1)^(k+1) C(2n, n−kh) / C(2n, n)."""
    i_N = np.arange(1, rows + 1)
    log_share_N = np.concatenate([[0.0], np.cumsum(np.log((rows - i_N + 1) / (rows + i_N)))])
    outside_F = np.empty(len(height_F))
    for f, height in enumerate(height_F):
        term_K = np.exp(log_share_N[height::height])
        outside_F[f] = 2 * (term_K[::2].sum() - term_K[1::2].sum())
    return outside_F


def _outside_rectangle(reference: int, window: int, height_F: NDArray[np.int64]) -> Float64:
    """Share of paths from (0, 0) to (reference, window) that touch one of two lines beside the diagonal.

    Antidiagonal after antidiagonal: a path to (x, s − x) came from (x − 1, s − x) with probability x / s. Only the
    band that is within the widest height is kept up to date; whatever is outside has touched.
    """
    divisor = gcd(reference, window)
    dx, dy = window // divisor, reference // divisor
    reach = int(height_F.max()) // (dx + dy) + 1
    touched_FX = np.ones((len(height_F), reference + 2))
    touched_FX[:, 1] = 0.0
    x_X = np.arange(reference + 1)
    for s in range(1, reference + window + 1):
        middle = s * dy // (dx + dy)
        low, high = max(0, s - window, middle - reach), min(reference, s, middle + 1 + reach) + 1
        share_X = x_X[low:high] / s
        came_FX = touched_FX[:, low:high] * share_X + touched_FX[:, low + 1 : high + 1] * (1 - share_X)
        outside_FX = np.abs(x_X[low:high] * (dx + dy) - s * dy) >= height_F[:, None]
        touched_FX[:, low] = 1.0
        touched_FX[:, low + 1 : high + 1] = np.where(outside_FX, 1.0, came_FX)
    return touched_FX[:, -1]
