"""Both sides of a column in a drift, as a plot needs them: shares of rows in bins, and quantiles. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.drift.event import Drift

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sides:
    """One column. Shares have shape (K,) and are of the rows that are present; edges have shape (K + 1,).

    Missing shares are of all rows. A side without rows has shares of 0. `is_even`: all bins are equally wide. Moments
    are mean and spread, the standard deviation, NaN where they are not known.
    """

    column: str
    is_category: bool
    edges_E: Float64
    window_K: Float64
    reference_K: Float64
    window_missing: float
    reference_missing: float
    is_even: bool = True
    window_moments: tuple[float, float] = (math.nan, math.nan)
    reference_moments: tuple[float, float] = (math.nan, math.nan)


def sides_of(drift: Drift) -> Iterator[Sides]:
    """Yield both sides of each column of which the drift has histograms, strongest first."""
    count = len(drift.histograms)
    if not count:
        return
    window_CB = np.array(drift.window_counts, np.int64).reshape(count, -1)
    reference_CB = np.array(drift.reference_counts, np.int64).reshape(count, -1)
    for c, column in enumerate(drift.histograms):
        window_K, window_missing = _shares(window_CB[c])
        reference_K, reference_missing = _shares(reference_CB[c])
        edges_E, is_even = _edges(drift, c, len(window_K))
        bins = len(edges_E) - 1
        sides = Sides(
            column,
            column in drift.categories,
            edges_E,
            window_K[:bins],
            reference_K[:bins],
            window_missing,
            reference_missing,
            is_even,
        )
        yield _with_moments(drift, sides)


def _with_moments(drift: Drift, sides: Sides) -> Sides:
    numbers = [column for column in drift.histograms if column not in drift.categories]
    if sides.is_category or not drift.window_means:
        return sides
    n, nothing = numbers.index(sides.column), (math.nan, math.nan)
    window = (drift.window_means[n], drift.window_spreads[n]) if sides.window_K.any() else nothing
    reference = (drift.reference_means[n], drift.reference_spreads[n]) if sides.reference_K.any() else nothing
    return replace(sides, window_moments=window, reference_moments=reference)


def is_told(sides: Sides) -> bool:
    """Whether mean and spread of a side are known."""
    return not all(map(math.isnan, (*sides.window_moments, *sides.reference_moments)))


def _edges(drift: Drift, c: int, bins: int) -> tuple[Float64, bool]:
    """Edges of the bins of a column, without those that stay empty, and whether they are of equal width."""
    low, high = drift.lows[c], drift.highs[c]
    even_E = np.linspace(low, high, bins + 1)
    if not drift.edges:
        return even_E, True
    edges_E = np.array(drift.edges).reshape(-1, bins + 1)[c]
    is_even = np.allclose(edges_E, even_E, rtol=0, atol=1e-6 * (high - low))
    return (even_E, True) if is_even else (edges_E[: np.searchsorted(edges_E, high) + 1], False)


def coarser(sides: Sides, most: int) -> Sides:
    """Join neighbouring bins until there are at most `most`; outer bins that are empty on both sides are left out.

    Examples
    --------
    >>> fine = Sides("a", False, np.arange(7.0), np.array([0, 1, 3, 0, 0, 0]) / 4, np.eye(6)[3], 0, 0)
    >>> coarse = coarser(fine, 2)
    >>> coarse.edges_E, coarse.window_K, coarse.reference_K
    (array([1., 3., 4.]), array([1., 0.]), array([0., 1.]))
    """
    held_N = np.flatnonzero(sides.window_K + sides.reference_K)
    first, last = (int(held_N[0]), int(held_N[-1]) + 1) if len(held_N) else (0, 1)
    step = -(-(last - first) // most)
    cuts = np.arange(first, last, step)
    return replace(
        sides,
        edges_E=np.append(sides.edges_E[cuts], sides.edges_E[last]),
        window_K=np.add.reduceat(sides.window_K[:last], cuts),
        reference_K=np.add.reduceat(sides.reference_K[:last], cuts),
    )


def quantiles(sides: Sides, at_Q: Float64) -> tuple[Float64, Float64]:
    """Quantiles of window and reference, as if rows lay evenly within their bins; NaN where a side has no rows.

    Examples
    --------
    >>> two = Sides("a", False, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.5, 0.5]), 0, 0)
    >>> quantiles(two, np.array([0.25, 0.5]))
    (array([1.25, 1.5 ]), array([0.5, 1. ]))
    """
    return _quantiles(sides.window_K, sides.edges_E, at_Q), _quantiles(sides.reference_K, sides.edges_E, at_Q)


def _quantiles(share_K: Float64, edges_E: Float64, at_Q: Float64) -> Float64:
    held_K = share_K > 0
    if not held_K.any():
        return np.full(len(at_Q), np.nan)
    through_E = np.concatenate([[0.0], np.cumsum(share_K)]) / share_K.sum()
    bin_Q = np.minimum(np.searchsorted(through_E[1:], at_Q), int(np.flatnonzero(held_K)[-1]))
    within_Q = (at_Q - through_E[bin_Q]) / np.maximum(through_E[bin_Q + 1] - through_E[bin_Q], 1e-300)
    width_K = np.diff(edges_E)
    found_Q: Float64 = edges_E[bin_Q] + np.clip(within_Q, 0, 1) * width_K[bin_Q]
    return found_Q


def _shares(counts_B: NDArray[np.int64]) -> tuple[Float64, float]:
    present, rows = int(counts_B[:-1].sum()), int(counts_B.sum())
    return counts_B[:-1] / max(present, 1), float(counts_B[-1] / max(rows, 1))
