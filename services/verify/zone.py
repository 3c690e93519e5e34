"""Requests beyond the cut: answers to them may be there already, and are not missed if they are not. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.verify.hashing import Hashes


class Zone:
    """The keys that were asked beyond the cut: what waits, 8 bytes a request, not what the log holds.

    A key may have been asked before the cut as well. Then its first answers are those.

    Parameters
    ----------
    hash_N : ndarray of uint64, shape (N,)
        Keys of the requests beyond the cut.

    Examples
    --------
    >>> zone = Zone(np.array([5], np.uint64))
    >>> zone.owe(np.array([5, 6], np.uint64))
    array([ True, False])
    >>> zone.pay(np.array([5, 5, 6], np.uint64))
    (array([ True,  True, False]), array([ True, False, False]))
    """

    def __init__(self, hash_N: Hashes) -> None:
        self.hash_K, self._asked_K = np.unique(hash_N, return_counts=True)
        self._owed_K = np.zeros(len(self.hash_K), np.int64)
        self._since_K = np.zeros(len(self.hash_K), np.int64)

    @property
    def answered_since(self) -> int:
        """Answers to requests beyond the cut."""
        return int(self._since_K.sum())

    @property
    def unpaid(self) -> Hashes:
        """Keys asked before the cut that were not answered as often."""
        return self.hash_K[self._owed_K > 0]

    @property
    def overpaid(self) -> Hashes:
        """Keys that were answered more often than asked, before the cut and beyond."""
        return self.hash_K[self._since_K > self._asked_K]

    def owe(self, hash_N: Hashes) -> NDArray[np.bool_]:
        """Note requests before the cut; says which of them have a key of the zone, and so belong in no ledger."""
        place_N, inside_N = self._find(hash_N)
        np.add.at(self._owed_K, place_N[inside_N], 1)
        return inside_N

    def pay(self, hash_N: Hashes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Note answers; says which have a key of the zone, and which of those are to requests before the cut."""
        place_N, inside_N = self._find(hash_N)
        before_N = np.zeros(len(hash_N), np.bool_)
        for row in np.flatnonzero(inside_N).tolist():
            place = place_N[row]
            before_N[row] = self._owed_K[place] > 0
            (self._owed_K if before_N[row] else self._since_K)[place] += -1 if before_N[row] else 1
        return inside_N, before_N

    def _find(self, hash_N: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        if not len(self.hash_K):
            return np.zeros(len(hash_N), np.intp), np.zeros(len(hash_N), np.bool_)
        place_N = np.minimum(np.searchsorted(self.hash_K, hash_N), len(self.hash_K) - 1)
        return place_N, np.asarray(self.hash_K[place_N] == hash_N, np.bool_)
