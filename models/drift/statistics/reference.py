"""The sample that windows are compared with, sorted once. R rows, F columns, K bins."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.drift.statistics.bins import Edges, Sorted, category_edges, counts_of_sorted, quantile_edges


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a sample, each sorted and binned.

    `columns` holds F rising arrays without what is missing, `edges` their inner edges, `counts_FK` their rows in each
    bin and `missing_F` their missing rows. A column in `categories` has a bin for each of its codes, by rising code,
    and then one for all codes that it does not have. Bins that a column does not need are empty, at the end.
    """

    columns: tuple[Sorted, ...]
    edges: tuple[Edges, ...]
    categories: frozenset[int]
    counts_FK: NDArray[np.int64]
    missing_F: NDArray[np.int64]


def reference_of(x_RF: NDArray[np.floating], categories: Collection[int] = (), bins: int = 16) -> Reference:
    """Sort and bin a sample.

    Parameters
    ----------
    x_RF : ndarray of float32 or float64, shape (R, F)
        Not finite is missing. Columns in `categories` hold codes.
    categories : collection of int
        Columns that have no order.
    bins : int
        Of a column of numbers; at least 2.

    Raises
    ------
    ValueError
        `bins` is below 2, or a category is no column.

    Examples
    --------
    >>> reference = reference_of(np.array([[1.0, 7], [2.0, 7], [np.nan, 8], [0.0, 7]]), categories=[1], bins=2)
    >>> reference.columns[0], reference.missing_F, reference.counts_FK
    (array([0., 1., 2.]), array([1, 0]), array([[1, 2, 0],
           [3, 1, 0]]))
    """
    if bins < 2:
        raise ValueError(f"A histogram of {bins} bins tells nothing. Give at least 2.")
    if not set(categories) <= set(range(x_RF.shape[1])):
        raise ValueError(f"Of the categories {sorted(categories)} some are no column of 0 to {x_RF.shape[1] - 1}.")
    columns, missing_F = sorted_columns(x_RF)
    edges = tuple(
        category_edges(column) if f in categories else quantile_edges(column, bins) for f, column in enumerate(columns)
    )
    width = max((_bins(e, f in categories) for f, e in enumerate(edges)), default=0)
    counts_FK = histograms(columns, edges, frozenset(categories), width)
    return Reference(columns, edges, frozenset(categories), counts_FK, missing_F)


def sorted_columns(x_NF: NDArray[np.floating]) -> tuple[tuple[Sorted, ...], NDArray[np.int64]]:
    """Columns without what is not finite, each rising, and how many rows were missing in each: int64, shape (F,)."""
    x_FN = np.ascontiguousarray(x_NF.T)
    finite_FN = np.isfinite(x_FN)
    missing_F = (~finite_FN).sum(axis=1)
    if missing_F.any():
        x_FN = np.where(finite_FN, x_FN, x_FN.dtype.type(np.nan))  # sorted to the end
    sorted_FN = np.sort(x_FN, axis=1)
    rows_F = x_FN.shape[1] - missing_F
    return tuple(column[:rows] for column, rows in zip(sorted_FN, rows_F, strict=True)), missing_F


def histograms(
    columns: tuple[Sorted, ...], edges: tuple[Edges, ...], categories: frozenset[int], width: int
) -> NDArray[np.int64]:
    """Rows in each bin of each column: int64, shape (F, width)."""
    counts_FK = np.zeros((len(columns), width), np.int64)
    for f, (column, edges_E) in enumerate(zip(columns, edges, strict=True)):
        counts_K = counts_of_sorted(column, edges_E)
        if f in categories:
            counts_K = np.append(counts_K[1::2], counts_K[::2].sum())
        counts_FK[f, : len(counts_K)] = counts_K
    return counts_FK


def _bins(edges_E: Edges, is_category: bool) -> int:
    return len(edges_E) // 2 + 1 if is_category else len(edges_E) + 1
