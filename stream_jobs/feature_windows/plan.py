"""What to compute, compiled from the pipeline file: panes are counted, not timed, from here on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.feature_format import FADING_LIMIT
from schemas.layout import EntityKind, Layout, WindowColumn
from schemas.pipeline import NumberField, Pipeline

COUNT_BITS = 31
"""Binary places of a decayed count: 2^31 events of weight 1 stay below 2^62."""


@dataclass(frozen=True, slots=True)
class Decay:
    """A decayed sum and count of one value; `half_life` in panes."""

    value: int
    half_life: int

    @property
    def limit(self) -> int:
        """Panes after which it counts as gone."""
        return FADING_LIMIT * self.half_life


@dataclass(frozen=True, slots=True)
class EventPlan:
    """All that one entity kind takes from one event.

    `bits` are the binary places of each value's fixed-point sums; `spans` (in panes) those at whose end a row
    leaves some column; `longest` is when it has left all of them, decays too.
    """

    event: str
    key_fields: tuple[str, ...]
    values: tuple[str, ...]
    bits: tuple[int, ...]
    decays: tuple[Decay, ...]
    spans: tuple[int, ...]

    @property
    def longest(self) -> int:
        """Panes after which a row has no effect any more."""
        return max(self.spans + tuple(d.limit for d in self.decays))


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """Where a column comes from. `span` in panes; `decay` is its place among the event's decays, else -1."""

    column: WindowColumn
    event: int
    value: int
    span: int
    decay: int


@dataclass(frozen=True, slots=True)
class KindPlan:
    """One entity kind. `memory` is how many panes back rows may still be needed to recompute its snapshots."""

    kind: EntityKind
    events: tuple[EventPlan, ...]
    columns: tuple[ColumnPlan, ...]
    memory: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All windows of a pipeline. `pane` in ms."""

    pipeline: str
    pane: int
    snapshots: int
    kinds: tuple[KindPlan, ...]


def plan_of(pipeline: Pipeline, layout: Layout) -> Plan:
    """Compile the windows of a pipeline."""
    windows = pipeline.windows
    kinds = tuple(_kind(pipeline, kind) for kind in layout.kinds)
    return Plan(pipeline.pipeline, windows.pane, windows.snapshots, kinds)


def _kind(pipeline: Pipeline, kind: EntityKind) -> KindPlan:
    events = tuple(_event(pipeline, kind, event) for event in kind.event_fields)
    places = {e.event: i for i, e in enumerate(events)}
    columns = tuple(_column(c, places[c.event], events[places[c.event]], pipeline.windows.pane) for c in kind.columns)
    longest = max((s for e in events for s in e.spans), default=0)
    return KindPlan(kind, events, columns, 2 * longest + pipeline.windows.snapshots)


def _event(pipeline: Pipeline, kind: EntityKind, event: str) -> EventPlan:
    columns = [c for c in kind.columns if c.event == event]
    values = tuple(dict.fromkeys(c.value for c in columns))
    pane = pipeline.windows.pane
    decays = dict.fromkeys(Decay(values.index(c.value), c.span_ms // pane) for c in columns if _decays(c))
    spans = sorted({c.span_ms // pane for c in columns if not _decays(c)})
    bits = tuple(_bits(pipeline, event, value) for value in values)
    return EventPlan(event, kind.event_fields[event], values, bits, tuple(decays), tuple(spans))


def _column(column: WindowColumn, place: int, event: EventPlan, pane: int) -> ColumnPlan:
    value, span = event.values.index(column.value), column.span_ms // pane
    decay = event.decays.index(Decay(value, span)) if _decays(column) else -1
    return ColumnPlan(column, place, value, span, decay)


def _decays(column: WindowColumn) -> bool:
    return column.aggregate in ("decayed_mean", "decayed_count")


def _bits(pipeline: Pipeline, event: str, value: str) -> int:
    field = pipeline.events[event].fields[value]
    assert isinstance(field, NumberField), "pipeline_rules lets only numbers be aggregated"
    return fixed_point_bits(max(abs(bound) for bound in field.range))


def fixed_point_bits(bound: float) -> int:
    """Binary places for sums of values up to `bound`: as many as keep 2^31 of them below 2^62.

    Examples
    --------
    >>> fixed_point_bits(1.0), fixed_point_bits(2000.0)
    (31, 20)
    """
    return COUNT_BITS - math.ceil(math.log2(bound))
