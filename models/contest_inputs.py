"""What the entrants of a contest see: numbers standardised, categories told by their labels, and labels of late.

Suffixes: B rows, F columns of the vector, N numbers, C categories, V codes of all categories, K outputs, D inputs.

References
----------
Prokhorenkova et al. 2018: CatBoost (ordered target statistics: a code is told by labels that came before).
Welford 1962: Note on a method for calculating corrected sums of squares and products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.network import NetworkShape
from models.protocol import Float32, Float64

CLIP: Final = 5.0
_LEAST_DEVIATION: Final = 1e-6
# A code that has not been seen counts as this many rows of the average.
_PRIOR: Final = 10.0
FADING: Final = np.array([1.0, 0.1, 0.02])
"""Weight of the newest label in each running mean of labels: the last one, of some ten, of some fifty."""

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ContestInputs:
    """Moments and tallies, changed in place as rows are learned.

    Attributes
    ----------
    places_N, places_C : int64
        Where in the vector the numbers and the categories stand.
    starts_C, buckets_C : int64
        First row of each category in the tallies, and its number of codes; one more row is of what is missing.
    count_N, mean_N, spread_N, deviation_N : float64
        Moments of the numbers; the spread is the sum of squares around the mean, a deviation of nothing counts as 1.
    seen_V, labels_VK : float64
        Rows of each code, and the sum of their labels.
    seen_1, labels_K : float64
        The same over all rows.
    """

    places_N: Int64
    places_C: Int64
    starts_C: Int64
    buckets_C: Int64
    count_N: Float64
    mean_N: Float64
    spread_N: Float64
    deviation_N: Float64
    seen_V: Float64
    labels_VK: Float64
    seen_1: Float64
    labels_K: Float64

    @classmethod
    def empty(cls, shape: NetworkShape) -> Self:
        """Nothing seen yet."""
        numbers, outputs = len(shape.numbers), shape.outputs
        buckets_C = np.array([buckets for _, buckets in shape.categories], np.int64)
        codes = int((buckets_C + 1).sum())
        return cls(
            np.array(shape.numbers, np.int64),
            np.array([place for place, _ in shape.categories], np.int64),
            np.concatenate(([0], np.cumsum(buckets_C + 1)))[:-1].astype(np.int64),
            buckets_C,
            count_N=np.zeros(numbers),
            mean_N=np.zeros(numbers),
            spread_N=np.zeros(numbers),
            deviation_N=np.ones(numbers),
            seen_V=np.zeros(codes),
            labels_VK=np.zeros((codes, outputs)),
            seen_1=np.zeros(1),
            labels_K=np.zeros(outputs),
        )

    @property
    def width(self) -> int:
        """D."""
        outputs = len(self.labels_K)
        return len(self.places_N) + outputs * (len(self.places_C) + len(FADING))

    def prepare(self, x_BF: Float32, recent_RK: Float64) -> Float64:
        """Inputs of each row, (B, D), beside the running means of labels `recent_RK`."""
        z_BD, numbers = np.empty((len(x_BF), self.width)), len(self.places_N)
        z_BD[:, :numbers] = self._scaled(x_BF)
        if len(self.places_C):
            z_BD[:, numbers : -recent_RK.size] = self._told(x_BF)
        z_BD[:, -recent_RK.size :] = recent_RK.reshape(-1)
        return z_BD

    def learn_labels(self, x_BF: Float32, label_BK: Float64) -> None:
        """Take labels into the tallies; after `prepare`, for no row may be told by its own label."""
        if len(self.places_C):
            row_BC = self._rows(x_BF)
            np.add.at(self.seen_V, row_BC, 1.0)
            np.add.at(self.labels_VK, row_BC, label_BK[:, None, :])
            self.seen_1[0] += len(label_BK)
            self.labels_K[...] += label_BK.sum(axis=0)

    def _scaled(self, x_BF: Float32) -> Float64:
        scaled_BN = (x_BF[:, self.places_N] - self.mean_N) / self.deviation_N
        scaled_BN[np.isnan(scaled_BN)] = 0.0  # what is missing counts as the mean
        return np.asarray(np.minimum(np.maximum(scaled_BN, -CLIP), CLIP))

    def _told(self, x_BF: Float32) -> Float64:
        mean_K = self.labels_K / max(self.seen_1[0], 1.0)
        row_BC = self._rows(x_BF)
        told_BCK = (self.labels_VK[row_BC] + _PRIOR * mean_K) / (self.seen_V[row_BC] + _PRIOR)[:, :, None] - mean_K
        return np.asarray(4 * told_BCK.reshape(len(x_BF), -1))

    def _rows(self, x_BF: Float32) -> Int64:
        code_BC = x_BF[:, self.places_C].astype(np.float64)
        known_BC = (code_BC >= 0) & (code_BC < self.buckets_C)
        return np.where(known_BC, np.where(known_BC, code_BC, 0).astype(np.int64), self.buckets_C) + self.starts_C

    def learn_numbers(self, x_BF: Float32) -> None:
        """Take numbers into the moments, row by row; what is missing or infinite is left out."""
        for value_N in x_BF[:, self.places_N].astype(np.float64):
            known_N = np.isfinite(value_N)
            np.add(self.count_N, known_N, out=self.count_N)
            shift_N = np.where(known_N, value_N - self.mean_N, 0.0)
            step_N = shift_N / np.maximum(self.count_N, 1.0)
            np.add(self.mean_N, step_N, out=self.mean_N)
            np.add(self.spread_N, shift_N * (shift_N - step_N), out=self.spread_N)
        deviation_N = np.sqrt(self.spread_N / np.maximum(self.count_N, 1.0))
        deviation_N[deviation_N < _LEAST_DEVIATION] = 1.0
        self.deviation_N[...] = deviation_N


def faded(recent_RK: Float64, label_BK: Float64) -> Float64:
    """Running means of labels after further ones, each with its own memory `FADING`.

    Examples
    --------
    >>> faded(np.zeros((3, 1)), np.array([[0.0], [1.0]])).tolist()
    [[1.0], [0.1], [0.02]]
    """
    for label_K in label_BK:
        recent_RK = recent_RK + FADING[:, None] * (label_K - recent_RK)
    return recent_RK
