"""Which letters have been replayed, and how often: a byte for each offset, so that millions of letters fit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.decoded import Columns

MOST: Final = 255
"""Replays of one letter that are told apart."""


class ReplayIndex:
    """Counts replays by the letters' places, of which there may be gaps.

    Examples
    --------
    >>> index = ReplayIndex()
    >>> index.add({"letter_partition": np.array([0]), "letter_offset": np.array([7]), "times": np.array([2])})
    >>> index.times(0, np.array([6, 7, 99])).tolist()
    [0, 2, 0]
    """

    def __init__(self) -> None:
        self._times: dict[int, NDArray[np.uint8]] = {}

    def add(self, columns: Columns) -> None:
        """Take in `Replayed` records."""
        for partition in np.unique(columns["letter_partition"]).tolist():
            mine_N = columns["letter_partition"] == partition
            self._add(partition, columns["letter_offset"][mine_N], columns["times"][mine_N])

    def times(self, partition: int, offset_N: NDArray[np.int64]) -> NDArray[np.int64]:
        """How often each letter of a partition has been replayed."""
        known = self._times.get(partition, np.zeros(0, np.uint8))
        found_N = np.zeros(len(offset_N), np.int64)
        within_N = offset_N < len(known)
        found_N[within_N] = known[offset_N[within_N]]
        return found_N

    def _add(self, partition: int, offset_N: NDArray[np.int64], times_N: NDArray[np.int64]) -> None:
        known = self._times.get(partition, np.zeros(0, np.uint8))
        need = int(offset_N.max()) + 1
        if need > len(known):
            known = np.concatenate([known, np.zeros(max(need, 2 * len(known)) - len(known), np.uint8)])
            self._times[partition] = known
        np.maximum.at(known, offset_N, np.clip(times_N, 1, MOST).astype(np.uint8))
