"""The five statistics from histograms alone, with bounds on what the bins hide. F columns, K bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.drift.psi import population_stability_index
from models.drift.statistics.chi_squared import chi_squared
from models.drift.statistics.jensen_shannon import jensen_shannon
from models.drift.statistics.ks_distribution import ks_p_values

Counts = NDArray[np.int64]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SketchedComparison:
    """How two histograms lie to each other; arrays have shape (F,).

    The Kolmogorov–Smirnov statistic of the rows is at least `ks_F` and at most `ks_F` + `ks_error_F`; its p-value is at
    most `ks_p_F`, by the limit distribution. Their Wasserstein-1 distance is `wasserstein_F` give or take
    `wasserstein_error_F`. The others are those of the bins, as `compare` has them: no error is added. Where one side
    has no rows, nothing can be told: distances and errors are 0, p-values 1.
    """

    ks_F: Float64
    ks_error_F: Float64
    ks_p_F: Float64
    chi_squared_F: Float64
    chi_squared_p_F: Float64
    psi_F: Float64
    wasserstein_F: Float64
    wasserstein_error_F: Float64
    jensen_shannon_F: Float64


def compare_sketches(window_FK: Counts, reference_FK: Counts, edges_FE: Float64) -> SketchedComparison:
    """Compare columns of numbers by their histograms.

    Between two edges both distribution functions can be anything that rises from their values at one to those at the
    other. The farthest apart that they can then be bounds both errors. In bins that hold the share 1 / K of the
    reference, the error of Kolmogorov–Smirnov is at most about 1 / K.

    Parameters
    ----------
    window_FK, reference_FK : ndarray of int64, shape (F, K)
        Counts, without what is missing.
    edges_FE : ndarray of float64, shape (F, K + 1)
        Not falling, finite. Bin k holds edge k ≤ x < edge k + 1, the last bin its upper edge too: first and last are
        the least and the greatest value of both sides, or bounds of them.

    Raises
    ------
    ValueError
        The shapes do not fit.

    References
    ----------
    Sharp bounds on functions of a distribution known at some points: Manski, C. F. (2003). Partial Identification of
    Probability Distributions, chapter 1.

    Examples
    --------
    >>> found = compare_sketches(np.array([[0, 4]]), np.array([[4, 0]]), np.array([[0.0, 1.0, 2.0]]))
    >>> found.ks_F, found.ks_error_F, found.wasserstein_F, found.wasserstein_error_F
    (array([1.]), array([0.]), array([1.]), array([1.]))
    """
    features, bins = window_FK.shape
    if reference_FK.shape != window_FK.shape or edges_FE.shape != (features, bins + 1):
        raise ValueError(
            f"Histograms of shapes {window_FK.shape} and {reference_FK.shape} with edges of {edges_FE.shape}: "
            "both need the same bins, and one edge more than bins."
        )
    rows_F, window_F = reference_FK.sum(axis=1), window_FK.sum(axis=1)
    told_F = np.minimum(rows_F, window_F) > 0
    above_FE = np.where(told_F[:, None], _distribution(window_FK), 0.0)
    below_FE = np.where(told_F[:, None], _distribution(reference_FK), 0.0)
    ks_F = np.abs(above_FE - below_FE).max(axis=1)
    widest_FK = np.maximum(above_FE[:, 1:] - below_FE[:, :-1], below_FE[:, 1:] - above_FE[:, :-1])
    moved_F, moved_error_F = _wasserstein(above_FE, below_FE, widest_FK, np.diff(edges_FE, axis=1))
    sizes = zip(ks_F, rows_F.tolist(), window_F.tolist(), strict=True)
    statistic_F, p_F = chi_squared(window_FK, reference_FK)
    return SketchedComparison(
        ks_F=ks_F,
        ks_error_F=np.maximum(widest_FK.max(axis=1) - ks_F, 0.0),
        ks_p_F=np.array([ks_p_values(np.array([d]), r, w, "limit")[0] for d, r, w in sizes], np.float64),
        chi_squared_F=statistic_F,
        chi_squared_p_F=p_F,
        psi_F=population_stability_index(window_FK, reference_FK),
        wasserstein_F=moved_F,
        wasserstein_error_F=moved_error_F,
        jensen_shannon_F=jensen_shannon(window_FK, reference_FK),
    )


def closed_edges(edges: tuple[Float64, ...], low_F: Float64, high_F: Float64, bins: int) -> Float64:
    """Add the outer edges to the inner ones of F columns, and empty bins at the end up to `bins`.

    Parameters
    ----------
    edges : tuple of F ndarrays of float64
        As in `Reference.edges`.
    low_F, high_F : ndarray of float64, shape (F,)
        Least and greatest value on either side.

    Returns
    -------
    ndarray of float64, shape (F, bins + 1)

    Examples
    --------
    >>> closed_edges((np.array([2.0]), np.array([1.0, 3.0])), np.zeros(2), np.full(2, 9.0), 3)
    array([[0., 2., 9., 9.],
           [0., 1., 3., 9.]])
    """
    closed_FE = np.repeat(high_F[:, None], bins + 1, axis=1).astype(np.float64)
    closed_FE[:, 0] = low_F
    for f, edges_E in enumerate(edges):
        closed_FE[f, 1 : len(edges_E) + 1] = np.clip(edges_E, low_F[f], high_F[f])
    return closed_FE


def _distribution(counts_FK: Counts) -> Float64:
    """Distribution function at the edges: float64, shape (F, K + 1)."""
    rows_F1 = np.maximum(counts_FK.sum(axis=1, keepdims=True), 1)
    return np.pad(np.cumsum(counts_FK, axis=1) / rows_F1, ((0, 0), (1, 0)))


def _wasserstein(
    above_FE: Float64, below_FE: Float64, widest_FK: Float64, width_FK: Float64
) -> tuple[Float64, Float64]:
    """Area between the distribution functions, straight within bins, and how far the true one can lie from it."""
    left_FK, right_FK = (above_FE - below_FE)[:, :-1], (above_FE - below_FE)[:, 1:]
    size_FK = np.abs(left_FK) + np.abs(right_FK)
    crossing_FK = (np.square(left_FK) + np.square(right_FK)) / np.where(size_FK > 0, 2 * size_FK, 1)
    straight_FK = np.where(left_FK * right_FK >= 0, size_FK / 2, crossing_FK)
    apart_FK = np.maximum(above_FE[:, :-1] - below_FE[:, 1:], below_FE[:, :-1] - above_FE[:, 1:])
    least_F = (np.maximum(apart_FK, 0.0) * width_FK).sum(axis=1)
    estimate_F, most_F = (straight_FK * width_FK).sum(axis=1), (widest_FK * width_FK).sum(axis=1)
    return estimate_F, np.maximum(estimate_F - least_F, most_F - estimate_F)
