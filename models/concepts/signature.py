"""What a regime's inputs look like: a histogram for each column, on bins that never change.

Shape suffixes: B rows, F columns, C bins, E edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32

Counts = NDArray[np.int64]
Bins = NDArray[np.int64]

BINS: Final = 33
"""The first is for what is missing."""
_QUANTILES: Final = 9
_STEPS: Final = 10
_RARE: Final = 0.002
"""A bin with a smaller share of a regime's rows is no place where it is at home."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Bins of every column: of a number between edges, of a category by its code.

    Attributes
    ----------
    edges_FE : ndarray of float32, shape (F, E)
        Rising in each row.
    buckets_F : ndarray of int64, shape (F,)
        Number of category codes; 0 for a number.
    """

    edges_FE: Float32
    buckets_F: NDArray[np.int64]

    @classmethod
    def of(cls, x_BF: Float32, buckets: tuple[int, ...], ranges: tuple[tuple[float, float], ...]) -> Grid:
        """Lay bins where the rows of `x_BF` are, and a few over the whole declared range, where others may come."""
        shares = np.linspace(0, 1, _QUANTILES)
        edges = [_edges(x_BF[:, column], shares, bounds) for column, bounds in enumerate(ranges)]
        return cls(np.array(edges, np.float32).reshape(len(ranges), _QUANTILES + _STEPS), np.array(buckets, np.int64))

    def bins(self, x_BF: Float32) -> Bins:
        """Bin of every value, shape (B, F).

        Examples
        --------
        >>> grid = Grid(np.array([[0.0, 1.0]], np.float32), np.array([0]))
        >>> grid.bins(np.array([[-1.0], [0.5], [9.0], [np.nan]], np.float32))[:, 0].tolist()
        [1, 2, 3, 0]
        """
        missing_BF = np.isnan(x_BF)
        filled_BF = np.where(missing_BF, np.float32(0), x_BF)
        columns = [self._bins_of(column, filled_BF[:, column]) for column in range(x_BF.shape[1])]
        bins_BF = np.stack(columns, axis=1) if columns else np.zeros(x_BF.shape, np.int64)
        return np.where(missing_BF, 0, bins_BF)

    def _bins_of(self, column: int, values_B: Float32) -> Bins:
        if self.buckets_F[column]:
            return 1 + values_B.astype(np.int64) % (BINS - 1)
        return 1 + np.searchsorted(self.edges_FE[column], values_B, side="right").astype(np.int64)


def _edges(values_B: Float32, shares: NDArray[np.float64], bounds: tuple[float, float]) -> NDArray[np.float64]:
    present = values_B[np.isfinite(values_B)].astype(np.float64)
    quantiles = np.quantile(present, shares) if len(present) else np.zeros(len(shares))
    return np.sort(np.concatenate((quantiles, np.linspace(*bounds, _STEPS))))


def counts_of(bins_BF: Bins) -> Counts:
    """Rows in each bin of each column, shape (F, C)."""
    return np.stack([np.bincount(column, minlength=BINS) for column in bins_BF.T]).astype(np.int64)


def distance(one_FC: Counts, other_FC: Counts) -> float:
    """How far two histograms are apart, 0 to 1: Jensen and Shannon's distance in the column where it is greatest.

    References
    ----------
    Lin 1991: Divergence measures based on the Shannon entropy (base 2; the distance is its root).

    Examples
    --------
    >>> here, there = np.array([[10, 0], [5, 5]]), np.array([[0, 7], [6, 6]])
    >>> distance(here, there), distance(here, here)
    (1.0, 0.0)
    """
    p_FC, q_FC = _shares(one_FC), _shares(other_FC)
    middle_FC = (p_FC + q_FC) / 2
    divergence_F = (_entropy_terms(p_FC, middle_FC) + _entropy_terms(q_FC, middle_FC)) / 2
    return float(np.sqrt(np.clip(divergence_F.max(initial=0.0), 0.0, 1.0)))


def at_home(counts_FC: Counts, bins_BF: Bins) -> NDArray[np.bool_]:
    """Whether each row lies, in every column, where a regime often is, shape (B,)."""
    often_FC = _shares(counts_FC) >= _RARE
    return np.asarray(often_FC[np.arange(bins_BF.shape[1]), bins_BF].all(axis=1), np.bool_)


def _shares(counts_FC: Counts) -> NDArray[np.float64]:
    return np.asarray(counts_FC / np.maximum(counts_FC.sum(axis=1, keepdims=True), 1), np.float64)


def _entropy_terms(p_FC: NDArray[np.float64], middle_FC: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio_FC = np.where(p_FC > 0, p_FC, 1.0) / np.where(p_FC > 0, middle_FC, 1.0)
    return np.asarray((p_FC * np.log2(ratio_FC)).sum(axis=1), np.float64)
