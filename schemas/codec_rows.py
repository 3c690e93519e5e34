"""Avro read field by field in one row: for shapes that differ too much between rows to be read as columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.codec_layout import ITEM_DTYPES, FieldLayout
from schemas.errors import BadRecord

_LONGEST_VARINT: Final = 10


class RowReader:
    """A cursor in one row. Every method raises `BadRecord` with a reason where the bytes are not Avro.

    `count` is that of the first block, if it has been read already.
    """

    __slots__ = ("_count", "_data", "_end", "_name", "pos")

    def __init__(self, data: bytes, pos: int, end: int, name: str, count: int | None = None) -> None:
        self._data, self.pos, self._end, self._name, self._count = data, pos, end, name, count

    def value(self, field: FieldLayout) -> Any:
        """Read an array or a map; numbers come as an ndarray, texts as a list, a map as a dict."""
        if field.kind == "map":
            return dict(self._entries())
        if field.item in ITEM_DTYPES:
            return self._numbers(ITEM_DTYPES[field.item])
        if field.item == "string":
            return [self._text() for count in self._blocks(1) for _ in range(count)]
        return self._integers(32 if field.item == "int" else 64)

    def _long(self) -> int:
        raw = 0
        for i in range(_LONGEST_VARINT):
            byte = self._take(1)[0]
            raw |= (byte & 0x7F) << (7 * i)
            if byte < 0x80:
                break
        else:
            raise BadRecord("bad_number", f"{self._name}: a number of more than {_LONGEST_VARINT} bytes")
        if raw >> 64:
            raise BadRecord("bad_number", f"{self._name}: a number of more than 64 bits")
        return (raw >> 1) ^ -(raw & 1)

    def _take(self, size: int) -> bytes:
        if size > self._end - self.pos:
            raise BadRecord("truncated", f"{self._name}: the message ends within this field")
        self.pos += size
        return self._data[self.pos - size : self.pos]

    def _length(self) -> int:
        length = self._long()
        if length < 0:
            raise BadRecord("bad_length", f"{self._name}: a length of {length}")
        return length

    def _blocks(self, item_size: int) -> Iterator[int]:
        """Counts of the blocks of an array or map; no count is believed that the bytes left could not hold."""
        count = self._long() if self._count is None else self._count
        while count:
            if count < 0:
                self._length()  # the block's size in bytes, for readers that skip it
                count = -count
            if count * item_size > self._end - self.pos:
                raise BadRecord("truncated", f"{self._name}: {count} items do not fit into the message")
            yield count
            count = self._long()

    def _numbers(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        raw = b"".join(self._take(count * dtype.itemsize) for count in self._blocks(dtype.itemsize))
        return np.frombuffer(raw, dtype)

    def _integers(self, bits: int) -> NDArray[np.int64]:
        whole = np.array([self._long() for count in self._blocks(1) for _ in range(count)], np.int64)
        if bits == 32 and (whole != whole.astype(np.int32)).any():
            raise BadRecord("bad_number", f"{self._name}: a number of more than 32 bits")
        return whole

    def _text(self) -> str:
        try:
            return self._take(self._length()).decode()
        except UnicodeDecodeError as error:
            raise BadRecord("bad_text", f"{self._name}: text is not UTF-8") from error

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        for count in self._blocks(2):
            for _ in range(count):
                yield self._text(), self._take(self._length())


def concatenated(columns: list[NDArray[Any]]) -> NDArray[Any]:
    """Put columns of one field one after another; arrays of different lengths become objects."""
    if len({(c.dtype == object, c.shape[1:]) for c in columns}) == 1:
        return np.concatenate(columns)
    return column_of([row for column in columns for row in column], "")


def column_of(values: list[Any], item: str) -> NDArray[Any]:
    """Make a column of arrays or maps: (B, K) where all are equally long arrays of numbers, else object (B,)."""
    if item in ("double", "float", "int", "long") and len({len(v) for v in values}) == 1:
        return np.stack(values)
    column = np.empty(len(values), object)
    column[:] = [None] * len(values)
    for i, value in enumerate(values):
        column[i] = value
    return column
