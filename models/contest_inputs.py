"""What the entrants of a contest see: numbers standardised, categories told by their labels, and labels of late.

Suffixes: … rows, or nothing for one row, B rows, F columns of the vector, N numbers, C categories, V codes of all
categories, K outputs, D inputs.

References
----------
Prokhorenkova et al. 2018: CatBoost (ordered target statistics: a code is told by labels that came before).
Chan, Golub, LeVeque 1979: Updating formulae and a pairwise algorithm for computing sample variances.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.network import NetworkShape
from models.protocol import Float32, Float64

CLIP: Final = 5.0
_LEAST: Final = np.array(-CLIP)
_MOST: Final = np.array(CLIP)
_UNKNOWN: Final = np.array(-1.0)
_LEAST_DEVIATION: Final = 1e-6
# A code that has not been seen counts as this many rows of the average.
_PRIOR: Final = 10.0
FADING: Final = np.array([1.0, 0.1, 0.02])
"""Weight of the newest label in each running mean of labels: the last one, of some ten, of some fifty."""
_FADING_R1: Final = FADING[:, None]

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
    told_VK : float64
        What each code says of its labels; follows from the tallies, see `tell`.
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
    told_VK: Float64 = field(init=False, repr=False)
    _codes_C: Float64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Work out what follows from the fields given."""
        object.__setattr__(self, "told_VK", np.empty_like(self.labels_VK))
        object.__setattr__(self, "_codes_C", self.buckets_C + 1.0)
        self.tell()

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

    def prepare(self, x_F: Float32, recent_RK: Float64) -> Float64:
        """Inputs of each row, (…, D), beside the running means of labels `recent_RK`, for vectors (…, F)."""
        z_D, numbers = np.empty((*x_F.shape[:-1], self.width)), len(self.places_N)
        self._scale(x_F, z_D[..., :numbers])
        if len(self.places_C):
            told_CK = self.told_VK.take(self._rows(x_F), axis=0)
            z_D[..., numbers : -recent_RK.size] = told_CK.reshape(*x_F.shape[:-1], -1)
        z_D[..., -recent_RK.size :] = recent_RK.reshape(-1)
        return z_D

    def learn_labels(self, x_BF: Float32, label_BK: Float64) -> None:
        """Take labels into the tallies; after `prepare`, for no row may be told by its own label."""
        if len(self.places_C):
            row_BC = self._rows(x_BF)
            np.add.at(self.seen_V, row_BC, 1.0)
            np.add.at(self.labels_VK, row_BC, label_BK[:, None, :])
            self.seen_1[0] += len(label_BK)
            self.labels_K[...] += label_BK.sum(axis=0)
            self.tell()

    def tell(self) -> None:
        """Bring `told_VK` to what the tallies say; whoever writes into those calls it."""
        mean_K = self.labels_K / max(self.seen_1[0], 1.0)
        told_VK = (self.labels_VK + _PRIOR * mean_K) / (self.seen_V + _PRIOR)[:, None] - mean_K
        np.multiply(told_VK, 4, out=self.told_VK)

    def _scale(self, x_F: Float32, z_N: Float64) -> None:
        np.subtract(x_F.take(self.places_N, axis=-1), self.mean_N, out=z_N)
        np.divide(z_N, self.deviation_N, out=z_N)
        z_N[np.isnan(z_N)] = 0.0  # what is missing counts as the mean
        np.minimum(np.maximum(z_N, _LEAST, out=z_N), _MOST, out=z_N)

    def _rows(self, x_F: Float32) -> Int64:
        # What is missing counts as -1, and by the remainder -1 comes to be the last code, as whatever is too great.
        code_C = np.minimum(np.fmax(x_F.take(self.places_C, axis=-1), _UNKNOWN), self._codes_C - 1)
        row_C: Int64 = np.remainder(code_C, self._codes_C).astype(np.int64) + self.starts_C
        return row_C

    def learn_numbers(self, x_BF: Float32) -> None:
        """Take numbers into the moments; what is missing or infinite is left out."""
        value_BN = x_BF[:, self.places_N].astype(np.float64)
        known_BN = np.isfinite(value_BN)
        more_N = known_BN.sum(axis=0)
        least_N = np.maximum(more_N, 1.0)
        mean_N = np.where(known_BN, value_BN, 0.0).sum(axis=0) / least_N
        spread_N = (np.where(known_BN, value_BN - mean_N, 0.0) ** 2).sum(axis=0)
        count_N, shift_N = self.count_N + more_N, mean_N - self.mean_N
        share_N = more_N / np.maximum(count_N, 1.0)
        self.spread_N[...] += spread_N + shift_N**2 * self.count_N * share_N
        self.mean_N[...] += shift_N * share_N
        self.count_N[...] = count_N
        deviation_N = np.sqrt(self.spread_N / np.maximum(self.count_N, 1.0))
        self.deviation_N[...] = np.where(deviation_N < _LEAST_DEVIATION, 1.0, deviation_N)


def faded(recent_RK: Float64, label_K: Float64) -> Float64:
    """Running means of labels after a further one, each with its own memory `FADING`.

    Examples
    --------
    >>> faded(np.zeros((3, 1)), np.array([1.0])).tolist()
    [[1.0], [0.1], [0.02]]
    """
    return recent_RK + _FADING_R1 * (label_K - recent_RK)
