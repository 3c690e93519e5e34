"""Rows of panes that are not closed yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stream_jobs.feature_windows.panes import PaneRows, blank_rows, joined, merged
from stream_jobs.feature_windows.plan import EventPlan

Ints = NDArray[np.int64]
_PANES = np.int64(1) << 40


class OpenPanes:
    """Rows of one (entity kind, event), merged when asked for or when they have doubled."""

    def __init__(self, plan: EventPlan) -> None:
        self._owners: list[Ints] = [np.zeros(0, np.int64)]
        self._rows: list[PaneRows] = [blank_rows(plan, 0)]
        self._size = self._merged_size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, owner_N: Ints, rows: PaneRows) -> None:
        """Add rows in any order."""
        self._owners.append(owner_N)
        self._rows.append(rows)
        self._size += len(rows)
        if self._size > 2 * self._merged_size + 4096:
            self._merge()

    def take(self, until: int) -> tuple[Ints, PaneRows]:
        """Remove the panes that end up to `until`: merged, sorted by entity and pane."""
        if not any((r.end_N <= until).any() for r in self._rows):
            return self._owners[0][:0], self._rows[0].take(np.zeros(0, np.int64))
        self._merge()
        owner_N, rows = self._owners[0], self._rows[0]
        closes_N = rows.end_N <= until
        self._owners, self._rows = [owner_N[~closes_N]], [rows.take(~closes_N)]
        self._size = self._merged_size = len(self._rows[0])
        return owner_N[closes_N], rows.take(closes_N)

    def all(self) -> tuple[Ints, PaneRows]:
        """Show everything, merged."""
        self._merge()
        return self._owners[0], self._rows[0]

    def owners(self) -> Ints:
        """Entities that have open rows."""
        return np.unique(np.concatenate(self._owners))

    def _merge(self) -> None:
        owner_N, rows = sorted_and_merged(np.concatenate(self._owners), joined(self._rows))
        self._owners, self._rows = [owner_N], [rows]
        self._size = self._merged_size = len(rows)


def sorted_and_merged(owner_N: Ints, rows: PaneRows) -> tuple[Ints, PaneRows]:
    """Sort rows by entity and pane, and merge those that agree in both."""
    key_N = owner_N * _PANES + rows.end_N
    order_N = np.argsort(key_N, kind="stable")
    key_N = key_N[order_N]
    starts_G = np.flatnonzero(np.diff(key_N, prepend=-1))
    return owner_N[order_N][starts_G], merged(starts_G, rows.take(order_N))
