"""The sketches of a batch as columns of the Sketch record: one for each source partition and event-time window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.derived import Seen, with_derived
from models.drift.histograms import places_of, rows_outside, sketch_rows
from models.drift.moments import moments_of, packed
from models.drift.sample import sample_columns
from models.drift.sketch import SketchPlan
from schemas.decoded import Columns


@dataclass(frozen=True, slots=True)
class SourceRows:
    """Where B rows come from: partition and offset on the source topic of `partitions`, and event time in ms.

    `id_B` names them, where the plan asks for a sample. `version_B` answered them (0: none), and `trained_through` is
    the event time, ms, of the newest label that it had learned, where that is known of all of them; else 0.
    `vector_BV` and `age_B` are as `models.drift.derived` says, where the plan has derived columns; left out, vectors
    are the rows themselves, and ages unknown.
    """

    partition_B: NDArray[np.integer]
    offset_B: NDArray[np.int64]
    time_B: NDArray[np.float64]
    partitions: int
    id_B: NDArray[np.bytes_] | None = None
    version_B: NDArray[np.int64] | None = None
    vector_BV: NDArray[np.float32] | None = None
    age_B: NDArray[np.float64] | None = None
    trained_through: float = 0.0


def rows_together(parts: Sequence[SourceRows]) -> SourceRows:
    """Rows of several batches of one source in their order, at least one; `trained_through` is told if all agree.

    Examples
    --------
    >>> one = SourceRows(np.zeros(1, int), np.array([4]), np.zeros(1), 1, trained_through=7.0)
    >>> both = rows_together([one, replace(one, offset_B=np.array([5, 6]), trained_through=8.0)])
    >>> both.offset_B.tolist(), both.trained_through, rows_together([one]).trained_through
    ([4, 5, 6], 0.0, 7.0)
    """
    first = parts[0]
    arrays: dict[str, Any] = {
        column.name: np.concatenate([getattr(part, column.name) for part in parts])
        for column in fields(SourceRows)
        if isinstance(getattr(first, column.name), np.ndarray)
    }
    agree = all(part.trained_through == first.trained_through for part in parts)
    return replace(first, **arrays, trained_through=first.trained_through if agree else 0.0)


def sketch_columns(
    plan: SketchPlan,
    x_BF: NDArray[np.float32],
    rows: SourceRows,
    watermarks: dict[int, float] | None = None,
    sequences: dict[int, int] | None = None,
) -> Columns:
    """Sketch a batch.

    Parameters
    ----------
    plan : SketchPlan
    x_BF : ndarray of float32, shape (B, F)
        The vectors as served, NaN where missing.
    rows : SourceRows
    watermarks : dict, optional
        How far each partition has come, in ms; by default the latest event time among its rows here, which is enough,
        since `drift_watch` keeps the largest it has seen. Of several sketches of a partition the last one says so.
    sequences : dict, optional
        A number for each partition that only rises from batch to batch; by default its last offset here. A sketch sent
        again must have the number it had: that is how it is known and not counted twice.

    Returns
    -------
    Columns
        Of the Sketch record, S rows by rising window and partition; S is 0 for an empty batch.
    """
    row_BF = x_BF
    x_BF = with_derived(plan.derived, _seen(x_BF, rows))
    window_B = np.floor(rows.time_B / plan.window_ms)
    order_B, first_S, last_S, group_B = _groups(rows, window_B)
    place_BF = places_of(plan, x_BF)
    moments = packed(moments_of(plan, place_BF, group_B, len(first_S)))
    counts_SFK = sketch_rows(plan, x_BF, group_B, len(first_S), place_BF)
    partition_S, start_S = rows.partition_B[order_B][first_S], window_B[order_B][first_S] * plan.window_ms
    highest = {int(p): rows.partition_B == p for p in np.unique(rows.partition_B)}
    times = {p: float(rows.time_B[at].max()) for p, at in highest.items()} | (watermarks or {})
    numbers = {p: int(rows.offset_B[at].max()) for p, at in highest.items()} | (sequences or {})
    return {
        "window_start": start_S,
        "window_end": start_S + plan.window_ms,
        "watermark": _watermarks(partition_S, start_S, times),
        "rows": (last_S - first_S + 1).astype(np.int64),
        "counts": counts_SFK.reshape(len(first_S), plan.size),
        "partition": partition_S.astype(np.int64),
        "partitions": np.full(len(first_S), rows.partitions, np.int64),
        "first_offset": rows.offset_B[order_B][first_S],
        "last_offset": rows.offset_B[order_B][last_S],
        "sequence": np.array([numbers[p] for p in partition_S.tolist()], np.int64),
        "source": np.full(len(first_S), plan.source.encode()),
        "moments": moments,
        "binning": np.full(len(first_S), float(plan.binning)),
        "outside": rows_outside(plan, x_BF, group_B, len(first_S)),
        **_versions(rows, order_B, first_S),
        **_sample(plan, row_BF, rows, group_B, len(first_S)),
    }


def _groups(
    rows: SourceRows, window_B: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Which rows make a sketch: their order, where each sketch begins and ends in it, and the sketch of each row."""
    # By window first: else the last partition would be behind the others by the length of the batch, and be given up.
    order_B = np.lexsort((rows.offset_B, rows.partition_B, window_B))
    changes_B = (np.diff(rows.partition_B[order_B]) != 0) | (np.diff(window_B[order_B]) != 0)
    first_S = np.concatenate([[0], np.flatnonzero(changes_B) + 1]) if len(order_B) else np.empty(0, np.intp)
    last_S = np.append(first_S[1:], len(order_B)) - 1 if len(order_B) else first_S
    group_B = np.empty(len(order_B), np.intp)
    group_B[order_B] = np.repeat(np.arange(len(first_S)), last_S - first_S + 1)
    return order_B, first_S, last_S, group_B


def _watermarks(
    partition_S: NDArray[np.integer], start_S: NDArray[np.float64], reached: dict[int, float]
) -> NDArray[np.float64]:
    """How far a partition has come with each of its sketches: no further than where the next one of this batch begins.

    With the first one's watermark at the end of the batch, the windows of all others would close before they come.
    """
    watermark_S, next_start = np.empty(len(start_S)), dict[int, float]()
    for s in reversed(range(len(start_S))):
        partition = int(partition_S[s])
        watermark_S[s] = min(reached[partition], next_start.get(partition, math.inf))
        next_start[partition] = float(start_S[s])
    return watermark_S


def _seen(x_BF: NDArray[np.float32], rows: SourceRows) -> Seen:
    vector_BV = x_BF if rows.vector_BV is None else rows.vector_BV
    return Seen(x_BF, vector_BV, np.full(len(x_BF), np.nan) if rows.age_B is None else rows.age_B)


def _versions(rows: SourceRows, order_B: NDArray[np.intp], first_S: NDArray[np.intp]) -> Columns:
    if rows.version_B is None or not len(first_S):
        return {}
    version_S = np.maximum.reduceat(rows.version_B[order_B], first_S)
    return {"version": version_S, "trained_through": np.full(len(first_S), rows.trained_through)}


def _sample(
    plan: SketchPlan, x_BF: NDArray[np.float32], rows: SourceRows, group_B: NDArray[np.intp], groups: int
) -> Columns:
    if not plan.sample_rows or rows.id_B is None:
        return {}
    return {"sample": sample_columns(x_BF, rows.id_B, group_B, groups, plan.sample_rows, plan.sample_seed)}
