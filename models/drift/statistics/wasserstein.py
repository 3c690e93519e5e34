"""The Wasserstein-1 distance: how far the rows of one sample must be carried, on average, to become the other."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Sorted = NDArray[np.floating]
Ranks = NDArray[np.intp]


def wasserstein(reference_R: Sorted, window_W: Sorted) -> float:
    """Mean distance between equal quantiles of two sorted samples.

    Where quantiles step depends on the numbers of rows alone, so it is worked out once for each pair of numbers.

    Parameters
    ----------
    reference_R, window_W : ndarray of floats, shapes (R,) and (W,)
        Rising and finite.

    Returns
    -------
    float
        At least 0, in the unit of the values; 0 if one of them is empty, for nothing can be told.

    References
    ----------
    Vallender, S. S. (1974). Calculation of the Wasserstein distance between probability distributions on the line.
    Theory of Probability and its Applications 18(4).

    Examples
    --------
    >>> wasserstein(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0]))
    5.0
    """
    if min(len(reference_R), len(window_W)) == 0:
        return 0.0
    reference_R, window_W = reference_R.astype(np.float64, copy=False), window_W.astype(np.float64, copy=False)
    if len(reference_R) == len(window_W):
        return float(np.abs(reference_R - window_W).mean())
    of_reference_P, of_window_P, share_P = _pieces(len(reference_R), len(window_W))
    return float(np.abs(reference_R[of_reference_P] - window_W[of_window_P]) @ share_P)


@lru_cache(maxsize=8)
def _pieces(reference: int, window: int) -> tuple[Ranks, Ranks, NDArray[np.float64]]:
    """Pieces of [0, 1] on which both quantile functions stand still: their ranks in both, and their lengths."""
    ends_P = np.union1d(np.arange(reference + 1) * window, np.arange(window + 1) * reference)
    pieces = ends_P[:-1] // window, ends_P[:-1] // reference, np.diff(ends_P) / (reference * window)
    for piece in pieces:
        piece.setflags(write=False)  # they are shared between calls
    return pieces
