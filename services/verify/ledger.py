"""Two sides of a book that must hold the same keys, each equally often, in memory that does not grow with them. Pure.

Each side adds up, in 2^16 buckets, how many keys fell there and the sum of their 64-bit hashes. Equal sides leave
nothing but zeros. Sides that differ leave zeros only if the difference of their hashes happens to vanish: for any one
difference, and hashes as good as random, once in 2^64. This finds faults; it does not withstand a forger who knows
the hash. Where a bucket differs, both sides are read once more, and only its keys are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from services.verify.hashing import Hashes
from services.verify.report import Place

BUCKETS: Final = 1 << 16
MOST_ROWS: Final = 1 << 18
"""Keys looked at together when an offender is sought: bounds the memory of that, however much is wrong."""
_SHIFT: Final = np.uint64(48)


class Ledger:
    """Credits and debits, which must cancel out.

    References
    ----------
    Clarke, Devadas, van Dijk, Gassend, Suh: Incremental multiset hash functions and their application to memory
    integrity checking, Asiacrypt 2003 (MSet-Add-Hash). Goodrich, Mitzenmacher: Invertible Bloom lookup tables, 2011,
    are of the same kin: cells of counts and sums that tell what differs.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.credit(np.array([7, 8, 8], np.uint64)).debit(np.array([8, 7, 8], np.uint64)).is_balanced
    True
    >>> ledger.credit(np.array([9], np.uint64)).is_balanced
    False
    """

    __slots__ = ("_count", "_sum")

    def __init__(self) -> None:
        self._count = np.zeros(BUCKETS, np.int64)
        self._sum = np.zeros(BUCKETS, np.uint64)

    def credit(self, hash_N: Hashes) -> Self:
        """Add keys to the one side."""
        bucket_N = bucket_of(hash_N)
        np.add.at(self._count, bucket_N, 1)
        np.add.at(self._sum, bucket_N, hash_N)
        return self

    def debit(self, hash_N: Hashes) -> Self:
        """Add keys to the other side."""
        bucket_N = bucket_of(hash_N)
        np.subtract.at(self._count, bucket_N, 1)
        np.subtract.at(self._sum, bucket_N, hash_N)
        return self

    @property
    def differing(self) -> NDArray[np.bool_]:
        """Which buckets are not zero, shape (2^16,)."""
        return np.asarray((self._count != 0) | (self._sum != 0), np.bool_)

    @property
    def is_balanced(self) -> bool:
        """Whether both sides hold the same."""
        return not self.differing.any()


def bucket_of(hash_N: Hashes) -> NDArray[np.intp]:
    """Where keys fall: by their first 16 bits."""
    return (hash_N >> _SHIFT).astype(np.intp)


@dataclass(frozen=True, slots=True)
class Entries:
    """Keys of one side with the records that they stand for, in log order."""

    topic: str
    partition_N: NDArray[np.int64]
    offset_N: NDArray[np.int64]
    hash_N: Hashes

    def pick(self, at_N: NDArray[np.bool_]) -> Entries:
        """Take some rows."""
        return Entries(self.topic, self.partition_N[at_N], self.offset_N[at_N], self.hash_N[at_N])


Side = Callable[[], Iterable[Entries]]
"""Reads one side anew, in log order."""


def first_surplus(differing: NDArray[np.bool_], side: Side, other: Side, most: int = MOST_ROWS) -> Place | None:
    """Find the first record of `side` whose key stands there more often than in `other`.

    Parameters
    ----------
    differing : ndarray of bool, shape (2^16,)
        From the ledger of both sides: keys of other buckets are not looked at.
    most : int
        Keys held at once.

    Returns
    -------
    Place or None
        Of a key that stands there n times, and m < n times in the other, the record after the m-th. None: there is
        no such key.
    """
    skip = 0
    while True:
        chunk, hash_K, in_side_K = _chunk(differing, side, skip, most)
        if not len(hash_K):
            return None
        in_other_K = _counts(hash_K, _of(differing, other))
        if (in_side_K > in_other_K).any():
            return _after(chunk, hash_K, in_side_K, in_other_K)
        skip += most


def _chunk(
    differing: NDArray[np.bool_], side: Side, skip: int, most: int
) -> tuple[list[Entries], Hashes, NDArray[np.int64]]:
    """Take the next rows of a side, their distinct keys, and how often each stands in the whole side."""
    chunk, seen = list[Entries](), 0
    for entries in _of(differing, side):
        rank_N = seen + np.arange(len(entries.hash_N))
        seen += len(entries.hash_N)
        mine_N = (rank_N >= skip) & (rank_N < skip + most)
        if mine_N.any():
            chunk.append(entries.pick(mine_N))
    hash_K = np.unique(np.concatenate([e.hash_N for e in chunk])) if chunk else np.empty(0, np.uint64)
    return chunk, hash_K, _counts(hash_K, _of(differing, side))


def _of(differing: NDArray[np.bool_], side: Side) -> Iterator[Entries]:
    for entries in side():
        mine_N = differing[bucket_of(entries.hash_N)]
        if mine_N.any():
            yield entries.pick(mine_N)


def _counts(hash_K: Hashes, entries: Iterable[Entries]) -> NDArray[np.int64]:
    """How often each of the sorted keys stands there."""
    count_K = np.zeros(len(hash_K), np.int64)
    for found in entries:
        place_N = np.minimum(np.searchsorted(hash_K, found.hash_N), max(0, len(hash_K) - 1))
        if len(hash_K):
            np.add.at(count_K, place_N[hash_K[place_N] == found.hash_N], 1)
    return count_K


def _after(
    chunk: list[Entries], hash_K: Hashes, in_side_K: NDArray[np.int64], in_other_K: NDArray[np.int64]
) -> Place | None:
    """Find the first row whose key has then been met more often than the other side holds it."""
    met = dict(zip(hash_K[in_side_K > in_other_K].tolist(), in_other_K[in_side_K > in_other_K].tolist(), strict=True))
    last: Place | None = None
    for entries in chunk:
        for row in np.flatnonzero(np.isin(entries.hash_N, list(met))).tolist():
            key = int(entries.hash_N[row])
            last = Place(entries.topic, int(entries.partition_N[row]), int(entries.offset_N[row]))
            if met[key] == 0:
                return last
            met[key] -= 1
    return last
