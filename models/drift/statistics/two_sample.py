"""Five statistics of a window against its reference, column by column, from one sort of the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.drift.psi import population_stability_index
from models.drift.statistics.chi_squared import chi_squared
from models.drift.statistics.jensen_shannon import jensen_shannon
from models.drift.statistics.kolmogorov_smirnov import ks_statistic
from models.drift.statistics.ks_distribution import Float64, Method, ks_p_values
from models.drift.statistics.reference import Reference, histograms, sorted_columns
from models.drift.statistics.wasserstein import wasserstein


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a window of N rows lies to its reference; arrays have shape (F,), p-values are from 0 to 1.

    Where one side has no row that is not missing, nothing can be told: distances are 0 and p-values 1. `ks_F`, `ks_p_F`
    and `wasserstein_F` are NaN for categories, which have no order. `missing_p_F` is the chi-squared test that as large
    a share is missing as in the reference. `counts_FK` are the window's rows in the reference's bins.
    """

    ks_F: Float64
    ks_p_F: Float64
    chi_squared_F: Float64
    chi_squared_p_F: Float64
    psi_F: Float64
    wasserstein_F: Float64
    jensen_shannon_F: Float64
    missing_F: NDArray[np.int64]
    missing_p_F: Float64
    counts_FK: NDArray[np.int64]


def compare(reference: Reference, x_NF: NDArray[np.floating], method: Method = "auto") -> Comparison:
    """Compare a window with its reference.

    Kolmogorov–Smirnov and Wasserstein-1 are those of the samples; chi-squared, the population stability index and
    Jensen–Shannon are those of the reference's bins. The window is sorted once for all of them.

    Parameters
    ----------
    reference : Reference
    x_NF : ndarray of float32 or float64, shape (N, F)
        Not finite is missing.
    method : {"auto", "exact", "asymptotic", "limit"}
        Of the Kolmogorov–Smirnov p-value: see `ks_p_values` for what each costs where sides differ in rows.

    Raises
    ------
    ValueError
        The window has another number of columns.

    Examples
    --------
    >>> from models.drift.statistics.reference import reference_of
    >>> values_N = np.arange(100.0)
    >>> found = compare(reference_of(values_N[:, None], bins=4), values_N[:, None] + 25)
    >>> found.ks_F, found.wasserstein_F, found.counts_FK
    (array([0.25]), array([25.]), array([[ 0, 25, 25, 50]]))
    """
    if x_NF.ndim != 2 or x_NF.shape[1] != len(reference.columns):
        raise ValueError(f"A window of shape {x_NF.shape} has not the reference's {len(reference.columns)} columns.")
    columns, missing_F = sorted_columns(x_NF)
    counts_FK = histograms(columns, reference.edges, reference.categories, reference.counts_FK.shape[1])
    pairs = list(zip(reference.columns, columns, strict=True))
    ordered_F = np.array([f not in reference.categories for f in range(len(pairs))], bool)
    ks_F = _of_ordered(ordered_F, [ks_statistic(*pair) if o else 0.0 for o, pair in zip(ordered_F, pairs, strict=True)])
    moved = [wasserstein(*pair) if o else 0.0 for o, pair in zip(ordered_F, pairs, strict=True)]
    chi_squared_F, chi_squared_p_F = chi_squared(counts_FK, reference.counts_FK)
    return Comparison(
        ks_F=ks_F,
        ks_p_F=_p_values(ks_F, [(len(r), len(w)) for r, w in pairs], method),
        chi_squared_F=chi_squared_F,
        chi_squared_p_F=chi_squared_p_F,
        psi_F=population_stability_index(counts_FK, reference.counts_FK),
        wasserstein_F=_of_ordered(ordered_F, moved),
        jensen_shannon_F=jensen_shannon(counts_FK, reference.counts_FK),
        missing_F=missing_F,
        missing_p_F=_missing_p(missing_F, len(x_NF), reference),
        counts_FK=counts_FK,
    )


def _of_ordered(ordered_F: NDArray[np.bool_], found: list[float]) -> Float64:
    return np.where(ordered_F, np.array(found, np.float64), np.nan)


def _p_values(ks_F: Float64, sizes: list[tuple[int, int]], method: Method) -> Float64:
    """Columns that have equal numbers of rows share the work."""
    p_F = np.full(len(ks_F), np.nan)
    for size in set(sizes):
        same_F = np.array([s == size for s in sizes]) & ~np.isnan(ks_F)
        if same_F.any():
            p_F[same_F] = ks_p_values(ks_F[same_F], *size, method=method)
    return p_F


def _missing_p(missing_F: NDArray[np.int64], rows: int, reference: Reference) -> Float64:
    present_F = np.array([len(column) for column in reference.columns], np.int64)
    window_F2 = np.stack([missing_F, rows - missing_F], axis=1)
    return chi_squared(window_F2, np.stack([reference.missing_F, present_F], axis=1))[1]
