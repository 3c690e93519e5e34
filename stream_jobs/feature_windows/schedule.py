"""When closed rows leave their spans: entities in the order of their panes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Schedule:
    """(Pane end, entity) pairs in a growing buffer, dropped in front once no span reaches them."""

    def __init__(self) -> None:
        self._end_N, self._owner_N = np.zeros(256, np.int64), np.zeros(256, np.int64)
        self._first = self._stop = 0

    def append(self, end_N: Ints, owner_N: Ints) -> None:
        """Add rows of panes newer than all before, in any order."""
        order = np.argsort(end_N, kind="stable")
        self._reserve(len(end_N))
        self._end_N[self._stop : self._stop + len(end_N)] = end_N[order]
        self._owner_N[self._stop : self._stop + len(end_N)] = owner_N[order]
        self._stop += len(end_N)

    def within(self, after: int, until: int) -> Ints:
        """Entities with rows of panes that end in ``(after, until]``, repeated as they come."""
        a, b = np.searchsorted(self._end_N[self._first : self._stop], [after, until], "right")
        return self._owner_N[self._first + a : self._first + b]

    def drop(self, until: int) -> None:
        """Forget panes that end up to `until`."""
        held = self._end_N[self._first : self._stop]
        self._first += int(np.searchsorted(held, until, "right"))

    def _reserve(self, more: int) -> None:
        if self._stop + more <= len(self._end_N):
            return
        end_N, owner_N = (c[self._first : self._stop] for c in (self._end_N, self._owner_N))
        blank = np.zeros(len(end_N) + 2 * more + 256, np.int64)
        self._end_N, self._owner_N = np.concatenate((end_N, blank)), np.concatenate((owner_N, blank))
        self._first, self._stop = 0, len(end_N)
