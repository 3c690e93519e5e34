"""Some answers of each version, chosen by a seed, to be computed again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.protocol import ServedModel
from schemas.decoded import Columns
from schemas.status import Status
from services.verify.hashing import Hashes, mixed
from services.verify.keys import Ints
from services.verify.report import Fault, Place

TOLERANCE: Final = 1e-6
"""Furthest that an answer computed again may be from the one given: another processor sums in another order."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers of one version, S rows, by rising `rank_S`."""

    rank_S: Hashes
    partition_S: Ints
    offset_S: Ints
    features_SF: NDArray[np.float32]
    output_SK: NDArray[np.float32]

    def least(self, most: int) -> Sample:
        """Keep those with the least ranks."""
        order_S = np.argsort(self.rank_S, kind="stable")[:most]
        return Sample(*(column[order_S] for column in self._columns))

    def joined(self, other: Sample) -> Sample:
        """Put two together."""
        return Sample(*(np.concatenate(pair) for pair in zip(self._columns, other._columns, strict=True)))

    @property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.rank_S, self.partition_S, self.offset_S, self.features_SF, self.output_SK


class Samples:
    """Of each version, the `most` answers whose mixed keys are least: a sample without bias, the same in every run.

    Parameters
    ----------
    most : int
    seed : int
        Another one chooses others.
    """

    def __init__(self, most: int, seed: int) -> None:
        self._most, self._salt = most, mixed(np.array([seed], np.uint64))[0]
        self.by_version: dict[tuple[int, str], Sample] = {}

    def take(self, columns: Columns, key_N: Hashes, partition_N: Ints, offset_N: Ints) -> None:
        """Take answers; those that no model gave are passed over."""
        if not self._most:
            return
        given_N = (columns["status"] < Status.PRIOR) & (columns["version"] > 0)
        rank_N = mixed(key_N ^ self._salt)
        for version in np.unique(columns["version"][given_N]).tolist():
            rows = np.flatnonzero(given_N & (columns["version"] == version))
            rows = rows[np.argsort(rank_N[rows], kind="stable")[: self._most]]
            digest = columns["digest"][rows[0]].tobytes().hex()
            output_SK, features_SF = (np.stack(list(columns[n][rows])) for n in ("output", "features"))
            fresh = Sample(rank_N[rows], partition_N[rows], offset_N[rows], features_SF, output_SK)
            known = self.by_version.get((version, digest))
            self.by_version[version, digest] = (known.joined(fresh) if known else fresh).least(self._most)


def differs(sample: Sample, model: ServedModel, topic: str) -> tuple[float, Fault | None]:
    """Compute answers again.

    Returns
    -------
    worst : float
        Greatest difference; infinite if a number has become NaN.
    offender : Fault or None
        The first that is too far off.
    """
    again_SK = model.predict_many(sample.features_SF).astype(np.float64)
    off_SK = np.abs(again_SK - sample.output_SK)
    off_S = np.where(np.isnan(off_SK), np.inf, off_SK).max(axis=1, initial=0.0)
    wrong = np.flatnonzero(off_S > TOLERANCE)
    if not len(wrong):
        return float(off_S.max(initial=0.0)), None
    row = min(wrong.tolist(), key=lambda i: (sample.partition_S[i], sample.offset_S[i]))
    place = Place(topic, int(sample.partition_S[row]), int(sample.offset_S[row]))
    return float(off_S.max()), Fault(place, f"comes out otherwise by {off_S[row]:.3g}")
