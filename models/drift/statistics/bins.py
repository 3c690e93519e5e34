"""Bins that follow a reference: about equally many of its rows in each, and one of its own for a value that repeats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sorted = NDArray[np.floating]
Edges = NDArray[np.float64]


def quantile_edges(reference_R: Sorted, bins: int) -> Edges:
    """Inner edges at the quantiles k / bins of a sorted sample.

    A value that holds two of these quantiles or more, such as the only one of a constant column, gets a bin that
    nothing else falls in, so that a move to either side shows.

    Parameters
    ----------
    reference_R : ndarray of floats, shape (R,)
        Rising and finite.
    bins : int
        At least 2.

    Returns
    -------
    ndarray of float64, shape (E,)
        Strictly rising, E < 2 · bins; none for an empty sample. Bin k holds edge k − 1 ≤ x < edge k.

    Examples
    --------
    >>> quantile_edges(np.arange(8.0), 4), len(quantile_edges(np.full(8, 3.0), 4))
    (array([2., 4., 6.]), 2)
    """
    if len(reference_R) == 0:
        return np.empty(0)
    rank_Q = np.arange(1, bins) * len(reference_R) // bins
    value_V, times_V = np.unique(reference_R[rank_Q].astype(np.float64), return_counts=True)
    shared_S = value_V[(times_V > 1) | (reference_R[0] == reference_R[-1])]
    return np.union1d(value_V, np.nextafter(shared_S, np.inf))


def category_edges(reference_R: Sorted) -> Edges:
    """Edges that give each code of a sorted sample a bin of its own; between them fall codes it does not have.

    Examples
    --------
    >>> category_edges(np.array([2.0, 2.0, 5.0])).round(6)
    array([2., 2., 5., 5.])
    """
    code_C = np.unique(reference_R.astype(np.float64))
    return np.union1d(code_C, np.nextafter(code_C, np.inf))


def counts_of_sorted(sorted_N: Sorted, edges_E: Edges) -> NDArray[np.int64]:
    """Rows of a sorted sample in each bin: int64, shape (E + 1,).

    Examples
    --------
    >>> counts_of_sorted(np.array([1.0, 2.0, 2.0, 9.0]), np.array([2.0, 3.0]))
    array([1, 2, 1])
    """
    rank_E = np.searchsorted(sorted_N.astype(np.float64, copy=False), edges_E)
    return np.diff(rank_E, prepend=0, append=len(sorted_N))
