"""One Avro record in the Confluent wire format: a zero byte, four bytes of schema id (big-endian), then Avro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codec_decode import PADDING, Cursor
from schemas.codec_encode import encode_rows
from schemas.codec_few import FEW, can_walk, walk
from schemas.codec_layout import Block, FieldLayout, fields_of, steps_of
from schemas.codec_resolution import filled
from schemas.decoded import Columns, Fault, Part

HEADER_BYTES: Final = 5
MAGIC: Final = 0


class Frames:
    """A batch of messages laid end to end, with their headers read.

    Attributes
    ----------
    row_N, start_N, end_N, id_N : ndarray of int64, shape (N,)
        For each message that has a header: its row, where its Avro begins and ends, and its schema id.
    faults : tuple of Fault
        Rows that are no message at all.
    """

    __slots__ = ("data", "end_N", "faults", "id_N", "row_N", "start_N")

    def __init__(self, values: Sequence[bytes | None], padding: int) -> None:
        given = [v or b"" for v in values]
        size_B = np.fromiter(map(len, given), np.int64, len(given))
        self.data = b"".join((*given, bytes(min(padding, int(size_B.sum())) + PADDING)))
        end_B = np.cumsum(size_B)
        byte_B5 = np.frombuffer(self.data, np.uint8)[(end_B - size_B)[:, None] + np.arange(HEADER_BYTES)]
        good_B = (size_B >= HEADER_BYTES) & (byte_B5[:, 0] == MAGIC)
        self.faults = tuple(_header_fault(row, values[row]) for row in np.flatnonzero(~good_B).tolist())
        self.row_N, self.end_N = np.flatnonzero(good_B), end_B[good_B]
        self.start_N = self.end_N - size_B[good_B] + HEADER_BYTES
        self.id_N = np.ascontiguousarray(byte_B5[good_B, 1:]).view(">u4").reshape(-1).astype(np.int64)


def _header_fault(row: int, value: bytes | None) -> Fault:
    if value is None:
        return Fault(row, "no_value", "the message has no value")
    if len(value) < HEADER_BYTES:
        return Fault(row, "too_short", f"{len(value)} bytes are too few for a schema id")
    return Fault(row, "bad_magic", f"the first byte is {value[0]}, not 0: send the Confluent wire format")


class Codec:
    """Encodes and decodes one record schema, a whole batch at a time.

    Parameters
    ----------
    schema : dict
        Avro record schema of the kinds that ``schemas.codec_layout`` knows.
    schema_id : int
        What messages carry in their header.
    """

    __slots__ = ("_can_walk", "_header", "_steps", "fields", "name", "padding", "schema", "schema_id")

    def __init__(self, schema: dict[str, Any], schema_id: int) -> None:
        self.name: str = str(schema["name"]).rpartition(".")[2]
        self.schema, self.schema_id = schema, schema_id
        self.fields: tuple[FieldLayout, ...] = fields_of(schema)
        self._steps = steps_of(self.fields)
        self._can_walk = can_walk(self._steps)
        self._header = bytes([MAGIC]) + schema_id.to_bytes(4, "big")
        self.padding = max((s.dtype.itemsize if isinstance(s, Block) else s.size for s in self._steps), default=0)

    def encode(self, columns: Mapping[str, Any]) -> list[bytes]:
        """Write a message for each row.

        Parameters
        ----------
        columns : Mapping of str to ndarray
            A column for each field, as ARCHITECTURE.md says; text also as ``U<n>``. One with a default may be absent.

        Raises
        ------
        ValueError
            A column is missing, unknown, of another length, or holds what its Avro type cannot.
        """
        arrays = {name: np.asarray(column) for name, column in columns.items()}
        lengths = {len(a) for a in arrays.values()}
        unknown = arrays.keys() - {f.name for f in self.fields}
        missing = [f.name for f in self.fields if f.name not in arrays and f.default is None]
        if unknown or missing or len(lengths) != 1:
            raise ValueError(
                f"{self.name}: columns missing {missing}, unknown {sorted(unknown)}, lengths {sorted(lengths)}"
            )
        rows = lengths.pop()
        for field in self.fields:
            if field.name not in arrays:
                arrays[field.name] = filled(field, rows)
        return encode_rows(self._header, self._steps, arrays, rows)

    def decode(self, values: Sequence[bytes | None]) -> tuple[Part, tuple[Fault, ...]]:
        """Read messages that should all be of this record; never raises for bad bytes."""
        frames = Frames(values, self.padding)
        other_N = frames.id_N != self.schema_id
        others = tuple(Fault(int(r), "unknown_schema", f"not a {self.name}") for r in frames.row_N[other_N])
        part, faults = self.decode_frames(frames, ~other_N)
        return part, frames.faults + others + faults

    def decode_frames(self, frames: Frames, mine_N: NDArray[np.bool_]) -> tuple[Part, tuple[Fault, ...]]:
        """Read those messages of `frames` that `mine_N` picks."""
        row_N, start_N, end_N = frames.row_N[mine_N], frames.start_N[mine_N], frames.end_N[mine_N]
        if self._can_walk and 0 < len(row_N) <= FEW:
            walked = walk(self._steps, frames.data, start_N, end_N)
            if walked is not None:
                return Part(self.name, row_N, walked), ()
        cursor = Cursor(frames.data, row_N, start_N, end_N)
        for step in self._steps:
            cursor.read(step)
        cursor.finish()
        columns: Columns = {f.name: cursor.columns[f.name] for f in self.fields}
        return Part(self.name, cursor.row_N, columns), tuple(cursor.faults)
