"""Window values of entities at the panes where something changed, from their closed rows.

A value changes at the end of a pane that has events, when such a pane leaves a span, and when a decay is over. The
snapshots kept are those of the last few panes, and the one before them, unless it says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.feature_format import empty_columns
from stream_jobs.feature_windows.carry import faded
from stream_jobs.feature_windows.panes import PaneRows
from stream_jobs.feature_windows.plan import COUNT_BITS, ColumnPlan, EventPlan, KindPlan

Ints = NDArray[np.int64]
_NEVER = np.int64(-1)
_PANES = np.int64(1) << 40
"""More than any pane's number, so that (entity, pane) fits one whole number."""


@dataclass(frozen=True, slots=True)
class EntityRows:
    """Rows of U entities for one event, one entity after another: `owner_N` from 0 to U - 1, rising."""

    owner_N: Ints
    rows: PaneRows


@dataclass(frozen=True, slots=True)
class Snapshots:
    """P snapshots of some entities, entity after entity, by rising pane end."""

    owner_P: Ints
    end_P: Ints
    x_PC: NDArray[np.float32]


def snapshots(
    plan: KindPlan, events: Sequence[EntityRows], entities: int, pane: int, kept: int, after: int, until: int
) -> Snapshots:
    """Compute the snapshots of entities whose newest change lies in ``(after, until]``; others have none.

    Parameters
    ----------
    plan : KindPlan
        Columns to compute.
    events : sequence of EntityRows
        For each event of the kind the rows of the same entities.
    entities : int
        How many entities, U.
    pane : int
        ms.
    kept : int
        Panes before the newest change whose snapshots are kept.
    after, until : int
        Pane ends: closed before, and closed now.
    """
    points = [_changes(event, held, until) for event, held in zip(plan.events, events, strict=True)]
    owner_Q, end_Q = (np.concatenate(c) for c in zip(*points, strict=True))
    newest_U = np.full(entities, _NEVER)
    np.maximum.at(newest_U, owner_Q, end_Q)
    fresh_Q = newest_U[owner_Q] > after
    owner_Q, end_Q = owner_Q[fresh_Q], end_Q[fresh_Q]
    cut_U = newest_U - kept
    old_Q = end_Q <= cut_U[owner_Q]
    base_U = np.full(entities, _NEVER)
    np.maximum.at(base_U, owner_Q[old_Q], end_Q[old_Q])
    based_U = np.flatnonzero(base_U != _NEVER)
    recent = owner_Q[~old_Q] * _PANES + end_Q[~old_Q]
    point_P = np.unique(np.concatenate((recent, based_U * _PANES + base_U[based_U])))
    owner_P, end_P = np.divmod(point_P, _PANES)
    x_PC = _values(plan, events, owner_P, end_P, pane)
    says_nothing_P = (end_P <= cut_U[owner_P]) & _equals(x_PC, empty_columns(plan.kind))
    keep_P = ~says_nothing_P
    return Snapshots(owner_P[keep_P], end_P[keep_P], x_PC[keep_P])


def _changes(plan: EventPlan, held: EntityRows, until: int) -> tuple[Ints, Ints]:
    """Every (entity, pane end) up to `until` at which a value of this event changes."""
    owner_N, end_N = held.owner_N, held.rows.end_N
    next_N = np.full(len(end_N), _PANES)
    same_N = owner_N[1:] == owner_N[:-1]
    next_N[:-1][same_N] = end_N[1:][same_N]
    owners, ends = [owner_N], [end_N]
    for span in plan.spans:
        owners.append(owner_N)
        ends.append(end_N + span)
    for limit in sorted({d.limit for d in plan.decays}):
        over_N = end_N + limit < next_N
        owners.append(owner_N[over_N])
        ends.append(end_N[over_N] + limit)
    owner_Q, end_Q = np.concatenate(owners), np.concatenate(ends)
    return owner_Q[end_Q <= until], end_Q[end_Q <= until]


def _equals(x_PC: NDArray[np.float32], row_C: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(((x_PC == row_C) | (np.isnan(x_PC) & np.isnan(row_C))).all(axis=1))


def _values(plan: KindPlan, events: Sequence[EntityRows], owner_P: Ints, end_P: Ints, pane: int) -> NDArray[np.float32]:
    x_PC = np.tile(empty_columns(plan.kind), (len(owner_P), 1))
    for place, (event, held) in enumerate(zip(plan.events, events, strict=True)):
        if not len(held.rows):
            continue
        view = _View(event, held, owner_P, end_P)
        for column in plan.columns:
            if column.event == place:
                view.fill(column, x_PC[:, column.column.slot], pane)
    return x_PC


class _View:
    """The rows of one event as seen from each point: which are in a span, and which is the newest."""

    def __init__(self, plan: EventPlan, held: EntityRows, owner_P: Ints, end_P: Ints) -> None:
        self._plan, self._rows, self._owner_P, self._end_P = plan, held.rows, owner_P, end_P
        self._key_N = held.owner_N * _PANES + held.rows.end_N
        self._stop_P = np.searchsorted(self._key_N, owner_P * _PANES + end_P, "right")
        first_P = np.searchsorted(self._key_N, owner_P * _PANES, "right")
        self._known = np.flatnonzero(self._stop_P > first_P)
        self._newest_K = self._stop_P[self._known] - 1
        self._starts: dict[int, Ints] = {}
        self._totals: dict[tuple[str, int], Ints] = {}
        self._faded: NDArray[np.float64] | None = None

    def fill(self, column: ColumnPlan, out_P: NDArray[np.float32], pane: int) -> None:
        """Write a column where its event has a say; elsewhere it stays as for an entity without events."""
        aggregate = column.column.aggregate
        if column.decay >= 0:
            self._fill_decayed(column, out_P)
        elif aggregate in ("last", "age"):
            self._fill_last(column, out_P, pane)
        elif aggregate in ("min", "max"):
            self._fill_extreme(column, out_P)
        else:
            self._fill_sum(column, out_P)

    def _start_P(self, span: int) -> Ints:
        if span not in self._starts:
            since_P = np.maximum(self._end_P - span, 0)
            self._starts[span] = np.searchsorted(self._key_N, self._owner_P * _PANES + since_P, "right")
        return self._starts[span]

    def _within(self, name: str, column: ColumnPlan) -> Ints:
        """Sum of a column of whole numbers over the span: a difference of running sums, exact even if they wrap."""
        key = (name, column.value)
        if key not in self._totals:
            running = np.zeros(len(self._rows) + 1, np.int64)
            np.cumsum(getattr(self._rows, name)[column.value], out=running[1:])
            self._totals[key] = running
        return self._totals[key][self._stop_P] - self._totals[key][self._start_P(column.span)]

    def _fill_sum(self, column: ColumnPlan, out_P: NDArray[np.float32]) -> None:
        count_P = self._within("count_VN", column)
        if column.column.aggregate == "count":
            out_P[:] = count_P
            return
        some = np.flatnonzero(count_P)
        total = self._within("total_VN", column)[some] * 2.0 ** -self._plan.bits[column.value]
        out_P[some] = total / count_P[some] if column.column.aggregate == "mean" else total

    def _fill_extreme(self, column: ColumnPlan, out_P: NDArray[np.float32]) -> None:
        some = np.flatnonzero(self._within("count_VN", column))
        if not len(some):
            return
        least = column.column.aggregate == "min"
        rows_N = self._rows.low_VN[column.value] if least else self._rows.high_VN[column.value]
        cuts = np.stack((self._start_P(column.span)[some], self._stop_P[some]), axis=1).reshape(-1)
        padded = np.append(rows_N, np.float32(0))  # reduceat takes no index past the end
        out_P[some] = (np.minimum if least else np.maximum).reduceat(padded, cuts)[::2]

    def _fill_last(self, column: ColumnPlan, out_P: NDArray[np.float32], pane: int) -> None:
        time_K = self._rows.last_time_VN[column.value][self._newest_K]
        end_K = self._end_P[self._known]
        inside = np.floor(time_K / pane) + 1 > end_K - column.span
        at, row = self._known[inside], self._newest_K[inside]
        if column.column.aggregate == "last":
            out_P[at] = self._rows.last_VN[column.value][row]
        else:
            out_P[at] = (self._end_P[at] * float(pane) - time_K[inside]) / 1000

    def _fill_decayed(self, column: ColumnPlan, out_P: NDArray[np.float32]) -> None:
        if self._faded is None:
            since_K = self._end_P[self._known] - self._rows.end_N[self._newest_K]
            self._faded = faded(self._plan, self._rows.decayed_HN[:, self._newest_K], since_K)
        total_K, count_K = self._faded[2 * column.decay], self._faded[2 * column.decay + 1]
        some = count_K > 0
        at, weight = self._known[some], count_K[some] * 2.0**-COUNT_BITS
        if column.column.aggregate == "decayed_count":
            out_P[at] = weight
        else:
            out_P[at] = total_K[some] * 2.0 ** -self._plan.bits[column.value] / weight
