"""Window values straight from all events, one request at a time: slow, plain, and sharing nothing with the jobs.

The definition it follows: a value at T (the end of a pane) is over the events of the panes within (T - span, T]. It is
computed at the newest *change* up to T (the end of a pane with events, that end plus a span, the end of a decay) and,
where the mere passing of time changes it, faded from there to T.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.layout import EntityKind, Layout, WindowColumn
from schemas.pipeline import NumberField, Pipeline

LIMIT = 20


@dataclass(frozen=True)
class Event:
    event: str
    time: float
    fields: Mapping[str, str | float]


def reference_vector(
    pipeline: Pipeline, layout: Layout, events: Sequence[Event], time: float, fields: Mapping[str, str]
) -> np.ndarray:
    pane = pipeline.windows.pane
    at = math.floor(time / pane)
    parts = [_kind(pipeline, kind, events, at, [fields[f] for f in kind.request_fields]) for kind in layout.kinds]
    return np.array([v for part in parts for v in part], np.float32)


def _kind(pipeline: Pipeline, kind: EntityKind, events: Sequence[Event], at: int, key: list[str]) -> list[np.float32]:
    if not all(key):
        return [np.float32(np.nan)] * len(kind.columns)
    pane = pipeline.windows.pane
    mine = [
        e
        for e in events
        if e.event in kind.event_fields
        and [e.fields[f] for f in kind.event_fields[e.event]] == key
        and math.floor(e.time / pane) + 1 <= at
    ]
    changed = max((c for c in _changes(kind, mine, pane) if c <= at), default=None)
    columns = []
    for column in kind.columns:
        if changed is None:
            columns.append(_empty(column))
            continue
        value = _value(pipeline, column, mine, changed)
        columns.append(_fade(column, value, (at - changed) * pane))
    return columns


def _changes(kind: EntityKind, mine: Sequence[Event], pane: int) -> set[int]:
    found = set[int]()
    for event in kind.event_fields:
        columns = [c for c in kind.columns if c.event == event]
        values = {c.value for c in columns}
        ends = sorted(
            {
                math.floor(e.time / pane) + 1
                for e in mine
                if e.event == event and any(not math.isnan(float(e.fields[v])) for v in values)
            }
        )
        for i, end in enumerate(ends):
            found.add(end)
            for c in columns:
                span = c.span_ms // pane
                if c.aggregate not in ("decayed_mean", "decayed_count"):
                    found.add(end + span)
                elif i + 1 == len(ends) or ends[i + 1] > end + LIMIT * span:
                    found.add(end + LIMIT * span)
    return found


def _empty(column: WindowColumn) -> np.float32:
    return np.float32(0) if column.aggregate in ("count", "sum", "decayed_count") else np.float32(np.nan)


def _fade(column: WindowColumn, value: np.float32, since_ms: float) -> np.float32:
    if column.aggregate == "age":
        return np.float32(float(value) + since_ms / 1000)
    if column.aggregate == "decayed_count":
        return np.float32(float(value) * np.exp2(-since_ms / column.span_ms))
    return value


def _value(pipeline: Pipeline, column: WindowColumn, mine: Sequence[Event], at: int) -> np.float32:
    pane, span = pipeline.windows.pane, column.span_ms // pipeline.windows.pane
    known = [e for e in mine if e.event == column.event and not math.isnan(float(e.fields[column.value]))]
    if column.aggregate in ("decayed_mean", "decayed_count"):
        return _decayed(pipeline, column, [e for e in mine if e.event == column.event], at)
    inside = [e for e in known if at - span < math.floor(e.time / pane) + 1 <= at]
    if not inside:
        return _empty(column)
    values = [float(e.fields[column.value]) + 0.0 for e in inside]
    newest = max(e.time for e in inside)
    if column.aggregate == "count":
        return np.float32(len(values))
    if column.aggregate in ("sum", "mean"):
        scale = 2 ** _bits(pipeline, column)
        total = sum(round(v * scale) for v in values) / scale
        return np.float32(total / len(values) if column.aggregate == "mean" else total)
    if column.aggregate == "last":
        return np.float32(max(float(e.fields[column.value]) + 0.0 for e in inside if e.time == newest))
    if column.aggregate == "age":
        return np.float32((at * pane - newest) / 1000)
    return np.float32(min(values) if column.aggregate == "min" else max(values))


def _decayed(pipeline: Pipeline, column: WindowColumn, mine: Sequence[Event], at: int) -> np.float32:
    """Pane by pane, in whole numbers: what was, faded and rounded, plus the pane's own events, each rounded."""
    pane, half = pipeline.windows.pane, column.span_ms // pipeline.windows.pane
    bits, total, count, before = _bits(pipeline, column), 0, 0, None
    others = {c.value for c in _kind_columns(pipeline, column)}
    panes = defaultdict[int, list[Event]](list)
    for e in mine:
        if any(not math.isnan(float(e.fields[v])) for v in others):
            panes[math.floor(e.time / pane) + 1].append(e)
    for end in sorted(e for e in panes if e <= at):
        total, count = _faded(total, half, end, before), _faded(count, half, end, before)
        for e in panes[end]:
            value = float(e.fields[column.value]) + 0.0
            if not math.isnan(value):
                weight = float(np.exp2(-(end - e.time / pane) / half))
                total += round(value * 2.0**bits * weight)
                count += round(weight * 2.0**31)
        before = end
    if before is None or at - before >= LIMIT * half:
        return _empty(column)
    weight = float(count) * float(np.exp2(-(at - before) / half)) * 2.0**-31
    if weight <= 0:
        return _empty(column)
    if column.aggregate == "decayed_count":
        return np.float32(weight)
    return np.float32(float(total) * float(np.exp2(-(at - before) / half)) * 2.0**-bits / weight)


def _faded(whole: int, half: int, end: int, before: int | None) -> int:
    if before is None or end - before >= LIMIT * half:
        return 0
    return round(float(whole) * float(np.exp2(-(end - before) / half)))


def _kind_columns(pipeline: Pipeline, column: WindowColumn) -> list[WindowColumn]:
    from schemas.layout import layout_of

    kind = next(k for k in layout_of(pipeline).kinds if column in k.columns)
    return [c for c in kind.columns if c.event == column.event]


def _bits(pipeline: Pipeline, column: WindowColumn) -> int:
    field = pipeline.events[column.event].fields[column.value]
    assert isinstance(field, NumberField)
    return 31 - math.ceil(math.log2(max(abs(field.range[0]), abs(field.range[1]))))
