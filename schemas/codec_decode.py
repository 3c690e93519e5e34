"""Avro to columns: a whole batch of rows moves through the fields together."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codec_layout import ITEM_DTYPES, Block, FieldLayout
from schemas.codec_rows import RowReader, column_of
from schemas.decoded import Fault
from schemas.errors import BadRecord

PADDING: Final = 64
"""Bytes that must follow the last row beside the widest field, so that reading a little too far stays in the buffer."""


class Cursor:
    """Where reading stands in each row that is still good (N of them); bad rows leave at once, as faults.

    Parameters
    ----------
    data : bytes
        All rows, one after another, followed by padding.
    row_N, pos_N, end_N : ndarray of int64, shape (N,)
        Their numbers, and where in `data` each begins and ends.
    """

    __slots__ = ("_bytes", "_data", "columns", "end_N", "faults", "pos_N", "row_N")

    def __init__(
        self, data: bytes, row_N: NDArray[np.int64], pos_N: NDArray[np.int64], end_N: NDArray[np.int64]
    ) -> None:
        self._bytes, self._data = data, np.frombuffer(data, np.uint8)
        self.row_N, self.pos_N, self.end_N = row_N, pos_N, end_N
        self.columns: dict[str, NDArray[Any]] = {}
        self.faults: list[Fault] = []

    def read(self, step: Block | FieldLayout) -> None:
        """Read one field, or a block of them, in all rows."""
        if isinstance(step, Block):
            self._read_block(step)
        elif step.kind in ("int", "long"):
            self.columns[step.name] = self._integers(step.name, step.kind)
        elif step.kind == "enum":
            self._read_enum(step)
        elif step.kind == "string":
            self._read_texts(step)
        elif step.kind == "bytes":
            self._read_bytes(step)
        else:
            self._read_arrays(step)

    def finish(self) -> None:
        """Fault rows with bytes left, and make arrays even that are so now that the bad rows have gone."""
        left_N = self.end_N - self.pos_N
        self._drop(left_N > 0, "trailing_bytes", "bytes follow the last field")
        for name, column in self.columns.items():
            if column.dtype == object and len(column) and isinstance(column[0], np.ndarray):
                self.columns[name] = column_of(list(column), "double")

    def _drop(self, bad_N: NDArray[np.bool_], reason: str, detail: str) -> NDArray[np.bool_] | slice:
        """Turn rows into faults; what is returned picks the rows that stay, for arrays the caller holds."""
        if not bad_N.any():
            return slice(None)
        self.faults += [Fault(int(row), reason, detail) for row in self.row_N[bad_N]]
        self._keep(~bad_N)
        return ~bad_N

    def _keep(self, keep_N: NDArray[np.bool_]) -> None:
        self.row_N, self.pos_N, self.end_N = self.row_N[keep_N], self.pos_N[keep_N], self.end_N[keep_N]
        self.columns = {name: column[keep_N] for name, column in self.columns.items()}

    def _window(self, width: int) -> NDArray[np.void]:
        """Copy `width` bytes from where each row stands: overlapping items of one strided view, a memcpy a row."""
        count = max(0, len(self._data) - width + 1)
        view = np.ndarray((count,), f"V{width}", buffer=self._bytes, strides=(1,))
        return view[self.pos_N] if len(self.pos_N) else np.empty(0, f"V{width}")

    def _fit(self, size_N: NDArray[np.int64] | int, name: str) -> NDArray[np.bool_] | slice:
        return self._drop(size_N > self.end_N - self.pos_N, "truncated", f"{name}: the message ends within this field")

    def _read_block(self, block: Block) -> None:
        self._fit(block.dtype.itemsize, f"{block.fields[0].name} to {block.fields[-1].name}")
        rows_N = self._window(block.dtype.itemsize).view(block.dtype)
        self.pos_N = self.pos_N + block.dtype.itemsize
        for field in block.fields:
            self.columns[field.name] = np.ascontiguousarray(rows_N[field.name])
        for field in block.fields:
            if field.kind == "boolean":
                self._drop(self.columns[field.name] > 1, "bad_number", f"{field.name}: a boolean is neither 0 nor 1")
                self.columns[field.name] = self.columns[field.name].view(np.bool_)

    def _integers(self, name: str, kind: str = "long") -> NDArray[np.int64]:
        """Zigzag varints: one pass for each byte of the longest, over the rows that have so many."""
        byte_N = self._data[self.pos_N]
        raw_N, size_N = (byte_N & 0x7F).astype(np.uint64), np.ones(len(byte_N), np.int64)
        more, shift = np.flatnonzero(byte_N >= 0x80), 7
        overflow_N = np.zeros(len(byte_N), np.bool_)
        while len(more) and shift < 70:
            byte = self._data[self.pos_N[more] + shift // 7]
            raw_N[more] |= (byte & 0x7F).astype(np.uint64) << np.uint64(shift)
            size_N[more] += 1
            overflow_N[more] = (byte > 1) & (shift == 63)
            more, shift = more[byte >= 0x80], shift + 7
        keep = self._fit(size_N, name)
        raw_N, size_N, overflow_N = raw_N[keep], size_N[keep], overflow_N[keep]
        self.pos_N = self.pos_N + size_N
        whole_N = (raw_N >> np.uint64(1)).view(np.int64) ^ -(raw_N & np.uint64(1)).view(np.int64)
        if kind == "int":
            overflow_N |= whole_N != whole_N.astype(np.int32)
        return whole_N[self._drop(overflow_N, "bad_number", f"{name}: a number too large for Avro's {kind}")]

    def _read_enum(self, field: FieldLayout) -> None:
        symbol_N = self._integers(field.name)
        bad_N = (symbol_N < 0) | (symbol_N >= field.size)
        keep = self._drop(bad_N, "bad_enum", f"{field.name}: not one of its {field.size} symbols")
        self.columns[field.name] = symbol_N[keep].astype(np.uint8 if field.size <= 256 else np.int64)

    def _lengths(self, name: str) -> NDArray[np.int64]:
        length_N = self._integers(name)
        length_N = length_N[self._drop(length_N < 0, "bad_length", f"{name}: a negative length")]
        return length_N[self._fit(length_N, name)]

    def _read_texts(self, field: FieldLayout) -> None:
        length_N = self._lengths(field.name)
        too_long = f"{field.name}: text of more than {field.size} bytes; send a shorter one"
        length_N = length_N[self._drop(length_N > field.size, "too_long", too_long)]
        width = max(1, int(length_N.max(initial=0)))
        bytes_NW = self._window(width).view(np.uint8).reshape(-1, width)
        bytes_NW *= np.arange(width) < length_N[:, None]
        bad_N = np.count_nonzero(bytes_NW, axis=1) != length_N
        high = np.flatnonzero((bytes_NW >= 0x80).any(axis=1))
        text_N = bytes_NW.view(f"S{width}").reshape(-1)
        bad_N[[i for i in high if not _is_utf8(text_N[i])]] = True
        self.pos_N = self.pos_N + length_N
        keep = self._drop(bad_N, "bad_text", f"{field.name}: not UTF-8, or holds a zero byte")
        self.columns[field.name] = text_N[keep]

    def _read_bytes(self, field: FieldLayout) -> None:
        length_N = self._lengths(field.name)
        column_N = np.empty(len(length_N), object)
        for i, (pos, length) in enumerate(zip(self.pos_N.tolist(), length_N.tolist(), strict=True)):
            column_N[i] = self._bytes[pos : pos + length]
        self.pos_N = self.pos_N + length_N
        self.columns[field.name] = column_N

    def _read_arrays(self, field: FieldLayout) -> None:
        """Take floats that stand in one block of the same length in all rows at once; anything else row by row."""
        dtype = ITEM_DTYPES.get(field.item)
        if dtype is None:
            self._read_each(field, [None] * len(self.pos_N))
            return
        count_N = self._integers(field.name)
        room_N = (self.end_N - self.pos_N) // dtype.itemsize
        detail = f"{field.name}: the message cannot hold so many items"
        count_N = count_N[self._drop(count_N > room_N, "truncated", detail)]
        after_N = self.pos_N + np.maximum(count_N, 0) * dtype.itemsize
        ended_N = (after_N < self.end_N) & (self._data[after_N] == 0)
        if len(count_N) and (count_N == count_N[0]).all() and (ended_N.all() or count_N[0] == 0) and count_N[0] >= 0:
            self._read_even(field.name, dtype, int(count_N[0]))
        else:
            self._read_each(field, count_N.tolist())

    def _read_even(self, name: str, dtype: np.dtype[Any], count: int) -> None:
        width = count * dtype.itemsize
        items_NK = self._window(width).view(dtype) if count else np.empty(0, dtype)
        self.columns[name] = items_NK.reshape(len(self.pos_N), count)
        self.pos_N = self.pos_N + width + (count > 0)

    def _read_each(self, field: FieldLayout, counts: list[int | None]) -> None:
        """Read row by row; `counts` are those of the first block where they have been read already."""
        values: list[Any] = []
        faults: dict[int, BadRecord] = {}
        pos_N = self.pos_N.copy()
        for i, (pos, end, count) in enumerate(zip(self.pos_N.tolist(), self.end_N.tolist(), counts, strict=True)):
            reader = RowReader(self._bytes, pos, end, field.name, count)
            try:
                values.append(reader.value(field))
            except BadRecord as error:
                values.append(None)
                faults[i] = error
            pos_N[i] = reader.pos
        self.faults += [Fault(int(self.row_N[i]), error.reason, error.what) for i, error in faults.items()]
        self.pos_N = pos_N
        self._keep(~np.isin(np.arange(len(pos_N)), list(faults)))
        self.columns[field.name] = column_of([v for i, v in enumerate(values) if i not in faults], field.item)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
