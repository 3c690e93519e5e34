"""What a partition writes to its changelog: rows in segments, each a record with a key of its own.

Rows never change once they are written, so restoring is reading all segments that are there. ``o`` segments hold rows
of open panes and go when those are closed; ``h`` segments hold closed rows and go when no snapshot can need them any
more. What is still needed then (of each living entity the newest row) is written anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from stream_jobs.feature_windows.panes import PaneRows, packed, unpacked
from stream_jobs.feature_windows.plan import EventPlan

Ints = NDArray[np.int64]
_HEADER = struct.Struct("<qII")
_SEGMENT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of one (entity kind, event), given by their places in the plan. `closed` is the pane closed when written."""

    kind: int
    event: int
    closed: int
    entity_N: NDArray[np.bytes_]
    rows: PaneRows


@dataclass(frozen=True, slots=True)
class Held:
    """What is remembered of a segment on the changelog."""

    key: bytes
    until: int
    """Last pane in an open segment; the pane closed when a closed one was written."""
    owner_N: Ints
    end_N: Ints


def segment_key(state: str, kind: int, event: int, number: int) -> bytes:
    """Key of a segment: `state` is ``o`` (open) or ``h`` (closed).

    Examples
    --------
    >>> segment_key("h", 0, 1, 77)
    b'h/0/1/77'
    """
    return f"{state}/{kind}/{event}/{number}".encode()


def row_cuts(plan: EventPlan, size: int, width: int) -> Iterator[tuple[int, int]]:
    """Cut `size` rows with entities of `width` bytes so that each cut stays near 1 MiB."""
    row_bytes = 8 + 36 * len(plan.values) + 16 * len(plan.decays) + width
    step = max(1, _SEGMENT_BYTES // row_bytes)
    for start in range(0, size, step):
        yield start, min(start + step, size)


def segment_bytes(closed: int, entity_N: NDArray[np.bytes_], rows: PaneRows) -> bytes:
    """Value of a segment."""
    entities = np.ascontiguousarray(entity_N).tobytes()
    return _HEADER.pack(closed, len(rows), entity_N.dtype.itemsize) + entities + packed(rows)


def segment_from(key: bytes, value: bytes, plans: list[list[EventPlan]]) -> tuple[str, int, Segment]:
    """Read a segment: its state, its number and its rows.

    Raises
    ------
    DataError
        It is none.
    """
    try:
        state, kind, event, number = key.decode().split("/")
        closed, size, width = _HEADER.unpack_from(value)
        at = _HEADER.size + size * width
        entity_N = np.frombuffer(value, f"S{width}", size, _HEADER.size)
        rows = unpacked(memoryview(value)[at:], size, plans[int(kind)][int(event)])
        return state, int(number), Segment(int(kind), int(event), closed, entity_N, rows)
    except (ValueError, IndexError, struct.error) as error:
        raise DataError(
            f"The changelog of the windows holds {key!r}, which cannot be read: {error}.",
            "Delete the windows-changelog topic and reset the group to the start of the features.",
        ) from error
