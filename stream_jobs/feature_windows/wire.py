"""Pane rows as Pane records, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec
from schemas.decoded import Columns
from stream_jobs.feature_windows.panes import PaneRows, packed, unpacked
from stream_jobs.feature_windows.plan import EventPlan


@dataclass(frozen=True, slots=True)
class PaneMessage:
    """One Pane record, decoded: rows of one entity kind and event, or (kind empty) a watermark alone."""

    source: int
    sources: int
    watermark: float = -np.inf
    idle: bool = False
    first_offset: int = -1
    last_offset: int = -1
    rows: int = 0
    kind: str = ""
    event: str = ""
    entities: bytes = b""
    panes: bytes = b""

    def entity_N(self) -> NDArray[np.bytes_]:
        """Entity of each row; ValueError if the bytes do not divide into rows."""
        if self.rows <= 0 or not self.entities or len(self.entities) % self.rows:
            raise ValueError(f"{len(self.entities)} bytes of entities for {self.rows} rows")
        return np.frombuffer(self.entities, f"S{len(self.entities) // self.rows}")

    def pane_rows(self, plan: EventPlan) -> PaneRows:
        """Its rows; ValueError if they are not of this plan."""
        return unpacked(self.panes, self.rows, plan)


@dataclass(frozen=True, slots=True)
class Origin:
    """Source partition, of how many, and its offsets of the batch that was folded."""

    source: int
    sources: int
    first_offset: int
    last_offset: int


def row_message(
    kind: str, plan: EventPlan, entity_N: NDArray[np.bytes_], rows: PaneRows, origin: Origin
) -> PaneMessage:
    """Message of some rows."""
    return PaneMessage(
        origin.source,
        origin.sources,
        first_offset=origin.first_offset,
        last_offset=origin.last_offset,
        rows=len(rows),
        kind=kind,
        event=plan.event,
        entities=np.ascontiguousarray(entity_N).tobytes(),
        panes=packed(rows),
    )


def encoded(codec: Codec, messages: Sequence[PaneMessage]) -> list[bytes]:
    """Encode messages as Pane records."""
    m = messages
    return codec.encode(
        {
            "watermark": np.array([x.watermark for x in m], np.float64),
            "idle": np.array([x.idle for x in m], np.bool_),
            "source_partition": np.array([x.source for x in m], np.int64),
            "source_partitions": np.array([x.sources for x in m], np.int64),
            "first_offset": np.array([x.first_offset for x in m], np.int64),
            "last_offset": np.array([x.last_offset for x in m], np.int64),
            "rows": np.array([x.rows for x in m], np.int64),
            "kind": np.array([x.kind.encode() for x in m], np.bytes_),
            "event": np.array([x.event.encode() for x in m], np.bytes_),
            "entities": _objects([x.entities for x in m]),
            "panes": _objects([x.panes for x in m]),
        }
    )


def messages_of(columns: Columns) -> list[PaneMessage]:
    """Messages from the columns of decoded Pane records."""
    lists: dict[str, list[Any]] = {name: column.tolist() for name, column in columns.items()}
    return [
        PaneMessage(source, sources, watermark, idle, first, last, rows, kind.decode(), event.decode(), entities, panes)
        for source, sources, watermark, idle, first, last, rows, kind, event, entities, panes in zip(
            lists["source_partition"],
            lists["source_partitions"],
            lists["watermark"],
            lists["idle"],
            lists["first_offset"],
            lists["last_offset"],
            lists["rows"],
            lists["kind"],
            lists["event"],
            lists["entities"],
            lists["panes"],
            strict=True,
        )
    ]


def _objects(values: Sequence[bytes]) -> NDArray[np.object_]:
    column = np.empty(len(values), object)
    column[:] = values
    return column
