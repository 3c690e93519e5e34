"""Closed pane rows of all entities, each entity's in one stretch of a pool, by rising pane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_jobs.feature_windows.panes import PaneRows, blank_rows
from stream_jobs.feature_windows.plan import EventPlan

Ints = NDArray[np.int64]


def spread(start_E: Ints, size_E: Ints) -> Ints:
    """List the places of several stretches, one after another.

    Examples
    --------
    >>> spread(np.array([10, 3]), np.array([2, 3])).tolist()
    [10, 11, 3, 4, 5]
    """
    first_E = np.cumsum(size_E) - size_E
    return np.repeat(start_E - first_E, size_E) + np.arange(int(size_E.sum()))


class History:
    """Rows of one (entity kind, event). Entities are small whole numbers.

    A stretch has room to grow and moves to the pool's end when it is full; the pool is rewritten when more than
    half of it lies idle. So appending costs what is appended, whatever else is held.
    """

    def __init__(self, plan: EventPlan) -> None:
        self._plan = plan
        self._pool = blank_rows(plan, 64)
        self._used = 0
        self._start_E, self._size_E, self._room_E = (np.zeros(0, np.int64) for _ in range(3))

    def grow(self, entities: int) -> None:
        """Make place for entities below this number."""
        more = max(entities, 2 * len(self._size_E)) - len(self._size_E)
        if entities > len(self._size_E):
            names = ("_start_E", "_size_E", "_room_E")
            for name in names:
                setattr(self, name, np.concatenate((getattr(self, name), np.zeros(more, np.int64))))

    def sizes(self, entity_U: Ints) -> Ints:
        """How many rows each of these entities has."""
        return self._size_E[entity_U]

    def rows_of(self, entity_U: Ints) -> PaneRows:
        """All rows of these entities, one entity after another."""
        return self._pool.take(spread(self._start_E[entity_U], self._size_E[entity_U]))

    def ends_of(self, entity_U: Ints) -> Ints:
        """Pane ends of `rows_of`."""
        return self._pool.end_N[spread(self._start_E[entity_U], self._size_E[entity_U])]

    def heads(self, entity_U: Ints) -> PaneRows:
        """Newest row of each of these entities, all of which have one."""
        return self._pool.take(self._start_E[entity_U] + self._size_E[entity_U] - 1)

    def head_ends(self, entities: int) -> Ints:
        """Pane end of the newest row of every entity below a number; 0 where there is none."""
        at_E = self._start_E[:entities] + self._size_E[:entities] - 1
        return np.where(self._size_E[:entities] > 0, self._pool.end_N[np.maximum(at_E, 0)], 0)

    def append(self, entity_N: Ints, rows: PaneRows, keep_after: int) -> None:
        """Append rows sorted by entity and pane, each newer than what its entity has.

        Of older rows, those of panes up to `keep_after` are dropped but for the newest, from which decays go on.
        """
        entity_U, more_U = np.unique(entity_N, return_counts=True)
        self._prune(entity_U, keep_after)
        full_U = self._size_E[entity_U] + more_U > self._room_E[entity_U]
        self._move(entity_U[full_U], 2 * (self._size_E[entity_U] + more_U)[full_U])
        self._pool.put(spread(self._start_E[entity_U] + self._size_E[entity_U], more_U), rows)
        self._size_E[entity_U] += more_U

    def forget(self, entity_U: Ints) -> None:
        """Drop all rows of some entities."""
        self._size_E[entity_U] = 0
        self._room_E[entity_U] = 0

    def bases(self, entity_U: Ints, at_U: Ints) -> Ints:
        """For each entity the end of its newest row of a pane up to its `at_U`; 0 if it has none."""
        sizes_U, end_N = self._size_E[entity_U], self.ends_of(entity_U)
        old_N = np.where(end_N <= np.repeat(at_U, sizes_U), end_N, 0)
        return _by_run(np.maximum, old_N, sizes_U)

    def _prune(self, entity_U: Ints, keep_after: int) -> None:
        old_N = (self.ends_of(entity_U) <= keep_after).astype(np.int64)
        drop_U = np.maximum(_by_run(np.add, old_N, self._size_E[entity_U]) - 1, 0)
        self._start_E[entity_U] += drop_U
        self._size_E[entity_U] -= drop_U
        self._room_E[entity_U] -= drop_U

    def _move(self, entity_U: Ints, room_U: Ints) -> None:
        need = int(room_U.sum())
        if self._used + need > len(self._pool):
            self._rewrite(need)
        size_U = self._size_E[entity_U]
        start_U = self._used + np.cumsum(room_U) - room_U
        self._pool.put(spread(start_U, size_U), self.rows_of(entity_U))
        self._start_E[entity_U], self._room_E[entity_U] = start_U, room_U
        self._used += need

    def _rewrite(self, need: int) -> None:
        """Copy what lives into a new pool, each stretch with the room it had, and as much room again."""
        everyone = np.flatnonzero(self._size_E)
        rows, room = self.rows_of(everyone), self._room_E[everyone]
        self._used = int(room.sum())
        self._pool = blank_rows(self._plan, 2 * (self._used + need) + 64)
        self._start_E[everyone] = np.cumsum(room) - room
        self._pool.put(spread(self._start_E[everyone], self._size_E[everyone]), rows)


def _by_run(function: np.ufunc, values_N: NDArray[Any], size_U: Ints) -> Ints:
    """Reduce each run of values; 0 for an empty one."""
    result_U = np.zeros(len(size_U), np.int64)
    some_U = size_U > 0
    if some_U.any():
        result_U[some_U] = function.reduceat(values_N, (np.cumsum(size_U) - size_U)[some_U])
    return result_U
