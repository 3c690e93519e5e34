"""The feature vector: which column is what. Decided by the pipeline file alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schemas.durations import format_duration
from schemas.hashing import hash64
from schemas.pipeline import Aggregate, CategoryField, Pipeline


@dataclass(frozen=True, slots=True)
class RequestColumn:
    """A column taken from the request. `buckets` is 0 for a number."""

    name: str
    buckets: int
    low: float
    high: float
    reject_missing: bool


@dataclass(frozen=True, slots=True)
class WindowColumn:
    """A column read from the feature store.

    `slot` is its place in the packed value of its entity kind; `low` and `high` bound its values where known.
    """

    name: str
    event: str
    value: str
    aggregate: Aggregate
    span_ms: int
    slot: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EntityKind:
    """All windows that share a key: one packed Redis value for each of its entities.

    `request_fields` build the key at reading; ``event_fields[event]`` build the same key at writing.
    """

    name: str
    request_fields: tuple[str, ...]
    event_fields: dict[str, tuple[str, ...]]
    columns: tuple[WindowColumn, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of the vector: those of the request first, then each entity kind's, in file order."""

    request: tuple[RequestColumn, ...]
    kinds: tuple[EntityKind, ...]
    target: Literal["binary", "multiclass", "regression"]
    outputs: int

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in vector order."""
        return tuple(c.name for c in self.request) + tuple(c.name for k in self.kinds for c in k.columns)

    @property
    def buckets(self) -> tuple[int, ...]:
        """For each column its number of category codes, 0 for a number."""
        return tuple(c.buckets for c in self.request) + (0,) * sum(len(k.columns) for k in self.kinds)

    @property
    def width(self) -> int:
        """Length of the vector, F."""
        return len(self.names)

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """For each column the declared or implied bounds of its values, for histograms."""
        windows = tuple((c.low, c.high) for k in self.kinds for c in k.columns)
        return tuple((c.low, c.high) for c in self.request) + windows


def category_codes(text_B: NDArray[np.bytes_], buckets: int | NDArray[np.int64]) -> NDArray[np.float32]:
    """Codes of categories as they stand in a vector: hash modulo `buckets`; empty text is missing (NaN).

    `buckets` may be given for each row.

    Examples
    --------
    >>> category_codes(np.array([b"JFK", b""]), 1024)
    array([1022.,   nan], dtype=float32)
    """
    codes_B = (hash64(text_B) % np.asarray(buckets, np.uint64)).astype(np.float32)
    return np.where(text_B == b"", np.float32(np.nan), codes_B)


def layout_of(pipeline: Pipeline, windows: bool = True) -> Layout:
    """Lay out the vector of a pipeline; without `windows`, only the columns of the request."""
    request = tuple(
        RequestColumn(name, f.buckets, 0.0, float(f.buckets), f.missing == "reject")
        if isinstance(f, CategoryField)
        else RequestColumn(name, 0, f.range[0], f.range[1], f.missing == "reject")
        for name, f in pipeline.request.fields.items()
    )
    kinds = _kinds(pipeline) if windows else ()
    return Layout(request, kinds, pipeline.target.type, pipeline.target.outputs)


def _kinds(pipeline: Pipeline) -> tuple[EntityKind, ...]:
    keys = list(dict.fromkeys(tuple(r for r, _ in g.key_pairs) for g in pipeline.windows.groups))
    return tuple(_kind(pipeline, key) for key in keys)


def _kind(pipeline: Pipeline, key: tuple[str, ...]) -> EntityKind:
    name = "+".join(key)
    groups = [g for g in pipeline.windows.groups if tuple(r for r, _ in g.key_pairs) == key]
    wanted = dict.fromkeys((g.event, g.value, a, s) for g in groups for a in g.aggregates for s in g.over)
    by = "_".join(key)
    columns = tuple(
        WindowColumn(f"{e}_{v}_{a}_{format_duration(s)}_by_{by}", e, v, a, s, slot, *_bounds(pipeline, e, v, a, s))
        for slot, (e, v, a, s) in enumerate(wanted)
    )
    events = {g.event: tuple(f for _, f in g.key_pairs) for g in groups}
    return EntityKind(name, key, events, columns)


def _bounds(pipeline: Pipeline, event: str, value: str, aggregate: Aggregate, span_ms: int) -> tuple[float, float]:
    field = pipeline.events[event].fields[value]
    assert field.type == "number", "pipeline_rules lets only numbers be aggregated"
    low, high = field.range
    if aggregate == "age":
        return 0.0, span_ms / 1000
    if aggregate in ("count", "decayed_count"):
        return 0.0, 1000.0
    return (low * 100, high * 100) if aggregate == "sum" else (low, high)
