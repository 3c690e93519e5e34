"""Columns to Avro: fields are laid, left to right, over one buffer of all rows, which is then cut.

A piece narrower in some rows than in others is written at its full width in all of them: what spills over is
overwritten by the next piece, and behind each row there is room for the last one's spill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.codec_layout import ITEM_DTYPES, Block, FieldLayout

Columns = dict[str, NDArray[Any]]
Piece = tuple[NDArray[np.uint8], NDArray[np.int64]] | list[bytes]
"""Bytes (B, W) of which the first so many (B,) count; or bytes of any length."""


def encode_rows(header: bytes, steps: Sequence[Block | FieldLayout], columns: Columns, rows: int) -> list[bytes]:
    """Encode `rows` rows, each beginning with `header`."""
    if not rows:
        return []
    head = np.broadcast_to(np.frombuffer(header, np.uint8), (rows, len(header)))
    pieces: list[Piece] = [(head, np.full(rows, len(header)))]
    for step in steps:
        pieces += _pieces(step, columns, rows)
    return _cut(pieces, rows)


def _cut(pieces: list[Piece], rows: int) -> list[bytes]:
    size_B = sum((_sizes(p) for p in pieces), np.zeros(rows, np.int64))
    spill = max(p[0].shape[1] for p in pieces if isinstance(p, tuple))
    start_B = np.cumsum(size_B + spill) - size_B - spill
    buffer = np.zeros(int((size_B + spill).sum()), np.uint8)
    pos_B = start_B
    for piece in pieces:
        _write(buffer, pos_B, piece)
        pos_B = pos_B + _sizes(piece)
    data = buffer.tobytes()
    return [data[a:b] for a, b in zip(start_B.tolist(), pos_B.tolist(), strict=True)]


def _sizes(piece: Piece) -> NDArray[np.int64]:
    return piece[1] if isinstance(piece, tuple) else np.fromiter(map(len, piece), np.int64, len(piece))


def _write(buffer: NDArray[np.uint8], pos_B: NDArray[np.int64], piece: Piece) -> None:
    if isinstance(piece, tuple):
        width = piece[0].shape[1]
        if width and len(pos_B):
            window = np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer=buffer.data, strides=(1,))
            window[pos_B] = np.ascontiguousarray(piece[0]).view(f"V{width}").reshape(-1)
        return
    view = buffer.data
    for pos, value in zip(pos_B.tolist(), piece, strict=True):
        view[pos : pos + len(value)] = value


def _pieces(step: Block | FieldLayout, columns: Columns, rows: int) -> list[Piece]:
    if isinstance(step, Block):
        return [_block(step, columns, rows)]
    column_B = columns[step.name]
    if step.kind in ("int", "long", "enum"):
        return [varints(_whole(step, column_B))]
    if step.kind == "string":
        return _texts(step, column_B)
    if step.kind == "bytes":
        values = [bytes(v) for v in column_B.tolist()]
        return [varints(np.fromiter(map(len, values), np.int64, rows)), values]
    if step.kind == "array" and step.item in ITEM_DTYPES and column_B.ndim == 2:
        return _even_arrays(column_B.astype(ITEM_DTYPES[step.item], copy=False))
    return [[_each(step, value) for value in column_B]]


def varints(whole_B: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Zigzag varints as bytes (B, W) and their sizes (B,).

    Examples
    --------
    >>> varints(np.array([0, -1, 64]))[0].tolist()
    [[0, 0], [1, 0], [128, 1]]
    """
    raw_B = ((whole_B << 1) ^ (whole_B >> 63)).view(np.uint64)
    width = max(1, -(-int(raw_B.max(initial=0)).bit_length() // 7))
    if width == 1:  # most lengths, enums and small numbers: what little there is to do counts in small batches
        return raw_B.astype(np.uint8)[:, None], np.ones(len(raw_B), np.int64)
    shifted_BW = raw_B[:, None] >> (np.arange(width, dtype=np.uint64) * np.uint64(7))
    size_B = np.maximum(1, np.count_nonzero(shifted_BW, axis=1)).astype(np.int64)
    more_BW = np.arange(width) < size_B[:, None] - 1
    return (shifted_BW.astype(np.uint8) & 0x7F) | (more_BW.astype(np.uint8) << 7), size_B


def _block(block: Block, columns: Columns, rows: int) -> Piece:
    out_B = np.empty(rows, block.dtype)
    for field in block.fields:
        out_B[field.name] = _fixed(field, columns[field.name]) if field.kind == "fixed" else columns[field.name]
    return out_B.view(np.uint8).reshape(rows, block.dtype.itemsize), np.full(rows, block.dtype.itemsize)


def _fixed(field: FieldLayout, column_B: NDArray[Any]) -> NDArray[Any]:
    if column_B.dtype.kind == "V" and column_B.dtype.itemsize == field.size:
        return column_B
    values = [bytes(v).ljust(field.size, b"\0") if column_B.dtype.kind == "S" else bytes(v) for v in column_B.tolist()]
    if any(len(v) != field.size for v in values):
        raise ValueError(f"{field.name}: a value of other than {field.size} bytes cannot be written as Avro fixed")
    return np.frombuffer(b"".join(values), f"V{field.size}")


def _whole(field: FieldLayout, column_B: NDArray[Any]) -> NDArray[np.int64]:
    if column_B.dtype.kind not in "iub":
        raise ValueError(f"{field.name}: Avro {field.kind} takes whole numbers, not {column_B.dtype}")
    whole_B = column_B.astype(np.int64)
    low, high = {"int": (-(1 << 31), (1 << 31) - 1), "enum": (0, field.size - 1)}.get(
        field.kind, (-(1 << 63), (1 << 63) - 1)
    )
    if ((whole_B < low) | (whole_B > high)).any():
        raise ValueError(f"{field.name}: a value outside {low} … {high} cannot be written as Avro {field.kind}")
    return whole_B


def _texts(field: FieldLayout, column_B: NDArray[Any]) -> list[Piece]:
    if column_B.dtype.kind == "O":
        column_B = np.array([v.encode() if isinstance(v, str) else v for v in column_B.tolist()], np.bytes_)
    text_B = np.char.encode(column_B, "utf-8") if column_B.dtype.kind == "U" else np.ascontiguousarray(column_B)
    if text_B.dtype.kind != "S":
        raise ValueError(f"{field.name}: Avro string takes bytes or str, not {column_B.dtype}")
    size_B = np.char.str_len(text_B).astype(np.int64)
    width = int(size_B.max(initial=0))
    if width > field.size:
        raise ValueError(f"{field.name}: text of {width} bytes, but at most {field.size} can be read back")
    bytes_BW = text_B.view(np.uint8).reshape(len(text_B), text_B.dtype.itemsize)[:, :width]
    return [varints(size_B), (bytes_BW, size_B)]


def _even_arrays(items_BK: NDArray[Any]) -> list[Piece]:
    rows, count = items_BK.shape
    ends = np.zeros((rows, 1), np.uint8), np.ones(rows, np.int64)
    if count == 0:
        return [ends]
    bytes_BW = np.ascontiguousarray(items_BK).view(np.uint8).reshape(rows, -1)
    return [varints(np.full(rows, count)), (bytes_BW, np.full(rows, bytes_BW.shape[1])), ends]


def _each(field: FieldLayout, value: Any) -> bytes:
    """One array or map: a single block, then the zero that ends it."""
    if len(value) == 0:
        return b"\0"
    return _varint(len(value)) + _items(field, value) + b"\0"


def _items(field: FieldLayout, value: Any) -> bytes:
    if field.kind == "map":
        return b"".join(_sized(k.encode()) + _sized(v) for k, v in value.items())
    if field.item == "string":
        return b"".join(_sized(v.encode() if isinstance(v, str) else v) for v in value)
    if field.item in ITEM_DTYPES:
        items: NDArray[Any] = np.asarray(value, ITEM_DTYPES[field.item])
        return items.tobytes()
    bytes_KW, size_K = varints(_whole(FieldLayout(field.name, field.item), np.asarray(value)))
    return bytes_KW[np.arange(bytes_KW.shape[1]) < size_K[:, None]].tobytes()


def _sized(value: bytes) -> bytes:
    return _varint(len(value)) + value


def _varint(count: int) -> bytes:
    """One count or length: too few for NumPy, and a map of many entries has two for each."""
    left, out = count << 1, bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)
