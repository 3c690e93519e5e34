"""Many tests at once: p-values that may be read as if each were the only one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def holm(p_F: Float64) -> Float64:
    """Adjusted p-values that keep the chance of *any* false alarm: those up to α are rejected, however they depend.

    Parameters
    ----------
    p_F : ndarray of float64, shape (F,)
        From 0 to 1; NaN is a test that was not made: it stays NaN and does not count.

    Returns
    -------
    ndarray of float64, shape (F,)

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03, np.nan]))
    array([0.03, 0.06, 0.06,  nan])
    """
    made, order_T = _made(p_F)
    tests = len(order_T)
    scaled_T = made[order_T] * np.arange(tests, 0, -1)
    return _back(p_F, order_T, np.maximum.accumulate(scaled_T))


def benjamini_hochberg(p_F: Float64) -> Float64:
    """Adjusted p-values that keep the expected *share* of false alarms among those up to α.

    It holds where the tests are independent or depend positively on one another.

    Parameters
    ----------
    p_F : ndarray of float64, shape (F,)
        From 0 to 1; NaN is a test that was not made: it stays NaN and does not count.

    Returns
    -------
    ndarray of float64, shape (F,)

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical
    Society B 57(1).

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan]))
    array([0.03, 0.04, 0.04,  nan])
    """
    made, order_T = _made(p_F)
    tests = len(order_T)
    scaled_T = made[order_T] * tests / np.arange(1, tests + 1)
    return _back(p_F, order_T, np.minimum.accumulate(scaled_T[::-1])[::-1])


def _made(p_F: Float64) -> tuple[Float64, NDArray[np.intp]]:
    made = p_F[~np.isnan(p_F)]
    return made, np.argsort(made, kind="stable")


def _back(p_F: Float64, order_T: NDArray[np.intp], adjusted_T: Float64) -> Float64:
    """To their places among all F, none above 1."""
    adjusted_F = np.full(p_F.shape, np.nan)
    adjusted_F[np.flatnonzero(~np.isnan(p_F))[order_T]] = np.minimum(adjusted_T, 1.0)
    return adjusted_F
