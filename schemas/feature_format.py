"""The packed window values of an entity: a few snapshots, each good from its time until the next one's.

``docs/reference/redis-format.md`` documents the bytes. Everything here works on whole batches.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from schemas.hashing import hash_text
from schemas.layout import EntityKind, Layout
from schemas.pipeline import Pipeline

FADING_LIMIT = 20
"""Half-lives after which a decayed value counts as gone."""

HEADER_WORDS = 4
_ZERO_WHEN_EMPTY = ("count", "sum", "decayed_count")
_WATERMARK = struct.Struct(">QI8s")
TOKEN_BYTES = 8
"""Of the name of a store's life; drawn at random."""


def windows_fingerprint(pipeline: Pipeline, layout: Layout) -> int:
    """32 bits that change whenever the packed values, or the meaning of a column, change."""
    kinds = [(k.name, sorted(k.event_fields.items()), [c.name for c in k.columns]) for k in layout.kinds]
    return hash_text(repr((pipeline.windows.pane, pipeline.windows.snapshots, kinds))) & 0xFFFFFFFF


def pack_watermark(closed_ms: int, fingerprint: int, token: bytes = bytes(TOKEN_BYTES)) -> bytes:
    """Pack the end of the newest closed pane, and the token of the life of the store in which it is promised.

    Examples
    --------
    >>> unpack_watermark(pack_watermark(900_000, 7), 7)
    900000.0
    """
    return _WATERMARK.pack(closed_ms, fingerprint, token)


def unpack_watermark(value: bytes | None, fingerprint: int) -> float:
    """Read the end of the newest closed pane in ms; -inf if these windows have published none.

    Time 0 is none: the store has just begun its life, and its values are still being written.
    """
    if value is None or len(value) != _WATERMARK.size:
        return -np.inf
    closed, written_by, _ = _WATERMARK.unpack(value)
    return float(closed) if closed and written_by == fingerprint else -np.inf


def life_of(mark: bytes) -> bytes:
    """Windows and life of the store that a watermark is of: two are of the same if these bytes are equal.

    Examples
    --------
    >>> life_of(pack_watermark(900_000, 7, b"12345678")) == life_of(pack_watermark(0, 7, b"12345678"))
    True
    """
    return mark[8:]


def pack_header(time_ms: int, fingerprint: int) -> bytes:
    """Pack a value without snapshots: as of `time_ms`, ms since 1970, its entity has been let go of.

    Examples
    --------
    >>> time_P, x_PC, size_E = np.array([900_000]), np.zeros((1, 1), np.float32), np.array([1])
    >>> pack(time_P, x_PC, size_E, 7)[0].startswith(pack_header(900_000, 7))
    True
    """
    return time_ms.to_bytes(8, "big") + fingerprint.to_bytes(4, "little")


def empty_columns(kind: EntityKind) -> NDArray[np.float32]:
    """Values of an entity without events: 0 for counts and sums, NaN for the rest. Shape (C,)."""
    return np.array([0.0 if c.aggregate in _ZERO_WHEN_EMPTY else np.nan for c in kind.columns], np.float32)


def pack(
    time_P: NDArray[np.int64], x_PC: NDArray[np.float32], size_E: NDArray[np.int64], fingerprint: int
) -> list[bytes]:
    """Pack the snapshots of many entities.

    Parameters
    ----------
    time_P : ndarray of int64, shape (P,)
        Times of all snapshots in ms since 1970, entity after entity, rising within each.
    x_PC : ndarray of float32, shape (P, C)
        Columns of the entity kind in slot order.
    size_E : ndarray of int64, shape (E,)
        How many snapshots each entity has; from 1 to 65,535.
    fingerprint : int
        `windows_fingerprint`.

    Returns
    -------
    list of bytes
        One value for each entity.
    """
    columns = x_PC.shape[1]
    words_E = HEADER_WORDS + size_E * (2 + columns)
    end_E = np.cumsum(words_E)
    at_E = end_E - words_E
    buffer = np.zeros(int(words_E.sum()), "<u4")
    last_E = np.cumsum(size_E) - 1
    buffer[at_E[:, None] + np.arange(2)] = time_P[last_E].astype(">u8").view("<u4").reshape(-1, 2)
    buffer[at_E + 2] = fingerprint
    buffer[at_E + 3] = size_E | (columns << 16)
    within_P = np.arange(len(time_P)) - np.repeat(last_E - size_E + 1, size_E)
    times_at_P = np.repeat(at_E + HEADER_WORDS, size_E) + 2 * within_P
    buffer[times_at_P[:, None] + np.arange(2)] = time_P.astype("<u8").view("<u4").reshape(-1, 2)
    values_at_P = np.repeat(at_E + HEADER_WORDS + 2 * size_E, size_E) + columns * within_P
    buffer[values_at_P[:, None] + np.arange(columns)] = x_PC.astype("<f4").view("<u4")
    raw = buffer.tobytes()
    return [raw[4 * a : 4 * b] for a, b in zip(at_E.tolist(), end_E.tolist(), strict=True)]
