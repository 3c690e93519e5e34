"""State of all entities of one kind in one partition: open panes, closed rows, and when they expire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_jobs.feature_windows.carry import carried
from stream_jobs.feature_windows.history import History
from stream_jobs.feature_windows.names import Names
from stream_jobs.feature_windows.open_panes import OpenPanes
from stream_jobs.feature_windows.panes import PaneRows
from stream_jobs.feature_windows.plan import EventPlan, KindPlan
from stream_jobs.feature_windows.schedule import Schedule
from stream_jobs.feature_windows.snapshots import EntityRows, Snapshots, snapshots

Ints = NDArray[np.int64]
_PANES = np.int64(1) << 40
"""More than any pane's number, so that (entity, pane) fits one whole number."""


@dataclass(slots=True)
class EventState:
    """State of one event for an entity kind."""

    plan: EventPlan
    open: OpenPanes
    history: History
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Changed:
    """Snapshots of the entities that changed, with their names; `size_E` snapshots each."""

    entity_E: NDArray[np.bytes_]
    size_E: Ints
    snapshots: Snapshots


class KindState:
    """All windows of one entity kind. Pane ends are counted in panes since 1970.

    Memory: for each (entity, event, pane with events) that the longest span, twice, and the snapshots reach back to,
    8 + 36 bytes a value + 16 bytes a decay, times two at most for room to grow; about 200 bytes an entity besides.
    """

    def __init__(self, plan: KindPlan, pane: int, kept: int) -> None:
        self.plan, self._pane, self._kept = plan, pane, kept
        self.names = Names()
        self.events = [EventState(e, OpenPanes(e), History(e), Schedule()) for e in plan.events]

    def add_open(self, event: int, entity_N: NDArray[np.bytes_], rows: PaneRows) -> Ints:
        """Add rows of open panes; returns the numbers of their entities."""
        owner_N = self.names.numbers(entity_N)
        self.events[event].open.add(owner_N, rows)
        return owner_N

    def close(self, after: int, until: int) -> list[tuple[Ints, PaneRows]]:
        """Close the panes that end in ``(after, until]``; returns each event's closed rows, complete."""
        return [self._close(state, after, until) for state in self.events]

    def changed(self, after: int, until: int) -> Changed:
        """Snapshots of the entities that changed in ``(after, until]``, to be called after `close`."""
        touched = [owners for state in self.events for owners in self._touched(state, after, until)]
        for state in self.events:
            state.schedule.drop(until - max(state.plan.spans, default=0))
        return self._found(np.unique(np.concatenate(touched)), after, until)

    def held(self, first: int, stop: int, until: int) -> Changed:
        """Snapshots of the living entities with numbers in ``[first, stop)``, as they were written last."""
        self.grow()
        entity_U = np.arange(first, min(stop, len(self.names)))
        return self._found(entity_U[self._alive(entity_U, until)], -1, until)

    def needed(self, event: int, owner_N: Ints, end_N: Ints) -> NDArray[np.bool_]:
        """Say which old rows are still needed, so that the snapshots of the living can be computed anew.

        Those are an entity's rows in the memory before its newest row (of any event), and the newest before that,
        from which decays go on.
        """
        entity_U, inverse_N = np.unique(owner_N, return_inverse=True)
        head_U = np.max([s.history.head_ends(len(self.names))[entity_U] for s in self.events], axis=0)
        base_U = self.events[event].history.bases(entity_U, head_U - self.plan.memory)
        recent_N = end_N > np.where(head_U > 0, head_U - self.plan.memory, _PANES)[inverse_N]
        return np.asarray(recent_N | (base_U[inverse_N] == end_N))

    def rows_at(self, event: int, owner_N: Ints, end_N: Ints) -> tuple[Ints, PaneRows]:
        """Closed rows of some entities at some pane ends, by entity and pane."""
        history, entity_U = self.events[event].history, np.unique(owner_N)
        rows, owner_M = history.rows_of(entity_U), np.repeat(entity_U, history.sizes(entity_U))
        asked_M = np.isin(owner_M * _PANES + rows.end_N, owner_N * _PANES + end_N)
        return owner_M[asked_M], rows.take(asked_M)

    def bury(self, entity_U: Ints, until: int) -> NDArray[np.bytes_]:
        """Forget those of some entities whose values have said nothing for as long as snapshots are kept; name them."""
        open_ = np.concatenate([s.open.owners() for s in self.events])
        known_U = np.any([s.history.sizes(entity_U) > 0 for s in self.events], axis=0)
        dead = entity_U[~self._alive(entity_U, until) & known_U & ~np.isin(entity_U, open_)]
        for state in self.events:
            state.history.forget(dead)
        names = self.names.names(dead)
        self.names.forget(dead)
        return names

    def restore(self, event: int, entity_N: NDArray[np.bytes_], rows: PaneRows, closed: int) -> Ints:
        """Take closed rows back, of any number of segments at once; the same row may come twice."""
        state, owner_N = self.events[event], self.names.numbers(entity_N)
        key = np.stack((owner_N, rows.end_N))
        once = np.unique(key, axis=1, return_index=True)[1]
        state.history.grow(len(self.names))
        state.history.append(owner_N[once], rows.take(once), 0)
        recent = once[rows.end_N[once] + max(state.plan.spans, default=0) > closed]
        state.schedule.append(rows.end_N[recent], owner_N[recent])
        return owner_N

    def grow(self) -> None:
        """Make place for all named entities in every table."""
        for state in self.events:
            state.history.grow(len(self.names))

    def _found(self, entity_U: Ints, after: int, until: int) -> Changed:
        held = [_entity_rows(state.history, entity_U) for state in self.events]
        found = snapshots(self.plan, held, len(entity_U), self._pane, self._kept, after, until)
        owner_E, size_E = np.unique(found.owner_P, return_counts=True)
        return Changed(self.names.names(entity_U[owner_E]), size_E, found)

    def _alive(self, entity_U: Ints, until: int) -> NDArray[np.bool_]:
        """Which entities a request within reach may still be told something of."""
        heads_EU = np.stack([s.history.head_ends(len(self.names))[entity_U] for s in self.events])
        longest_E1 = np.array([[s.plan.longest] for s in self.events])
        return np.asarray(((heads_EU > 0) & (heads_EU + longest_E1 + self.plan.memory >= until)).any(axis=0))

    def _close(self, state: EventState, after: int, until: int) -> tuple[Ints, PaneRows]:
        state.history.grow(len(self.names))
        owner_N, rows = state.open.take(until)
        if not len(rows):
            return owner_N, rows
        start_G = np.flatnonzero(np.diff(owner_N, prepend=-1))
        has_head_G = state.history.sizes(owner_N[start_G]) > 0
        heads = state.history.heads(owner_N[start_G][has_head_G])
        rows = carried(state.plan, start_G, has_head_G, heads, rows)
        state.history.append(owner_N, rows, after - self.plan.memory)
        state.schedule.append(rows.end_N, owner_N)
        return owner_N, rows

    def _touched(self, state: EventState, after: int, until: int) -> list[Ints]:
        owners = [state.schedule.within(after - span, until - span) for span in (0, *state.plan.spans)]
        head_E = state.history.head_ends(len(self.names))
        limits = sorted({d.limit for d in state.plan.decays})
        over = [np.flatnonzero((head_E + n > after) & (head_E + n <= until) & (head_E > 0)) for n in limits]
        return owners + over


def _entity_rows(history: History, entity_U: Ints) -> EntityRows:
    return EntityRows(np.repeat(np.arange(len(entity_U)), history.sizes(entity_U)), history.rows_of(entity_U))
