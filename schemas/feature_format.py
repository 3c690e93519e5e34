"""The packed window values of an entity: a few snapshots, each good from its time until the next one's.

``docs/reference/redis-format.md`` documents the bytes. Everything here works on whole batches.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from schemas.hashing import hash_text
from schemas.layout import EntityKind, Layout
from schemas.pipeline import Pipeline

FADING_LIMIT = 20
"""Half-lives after which a decayed value counts as gone."""

_HEADER_WORDS = 4
_ZERO_WHEN_EMPTY = ("count", "sum", "decayed_count")
_PASSING = ("age", "decayed_count")
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
    words_E = _HEADER_WORDS + size_E * (2 + columns)
    end_E = np.cumsum(words_E)
    at_E = end_E - words_E
    buffer = np.zeros(int(words_E.sum()), "<u4")
    last_E = np.cumsum(size_E) - 1
    buffer[at_E[:, None] + np.arange(2)] = time_P[last_E].astype(">u8").view("<u4").reshape(-1, 2)
    buffer[at_E + 2] = fingerprint
    buffer[at_E + 3] = size_E | (columns << 16)
    within_P = np.arange(len(time_P)) - np.repeat(last_E - size_E + 1, size_E)
    times_at_P = np.repeat(at_E + _HEADER_WORDS, size_E) + 2 * within_P
    buffer[times_at_P[:, None] + np.arange(2)] = time_P.astype("<u8").view("<u4").reshape(-1, 2)
    values_at_P = np.repeat(at_E + _HEADER_WORDS + 2 * size_E, size_E) + columns * within_P
    buffer[values_at_P[:, None] + np.arange(columns)] = x_PC.astype("<f4").view("<u4")
    raw = buffer.tobytes()
    return [raw[4 * a : 4 * b] for a, b in zip(at_E.tolist(), end_E.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class AsOf:
    """Columns of one entity kind as of a time for each row."""

    x_BC: NDArray[np.float32]
    """NaN where out of reach."""
    out_of_reach_B: NDArray[np.bool_]
    """The value then is not known any more: the snapshots begin later."""
    unheard_B: NDArray[np.bool_]
    """There is an entity, but no snapshot of it: it never had an event, or all have long lost their effect."""


def read_as_of(
    values: Sequence[bytes | None],
    row_B: NDArray[np.intp],
    time_B: NDArray[np.float64],
    kind: EntityKind,
    reach_ms: int,
    fingerprint: int,
) -> AsOf:
    """Read each row's entity as of its time: the newest snapshot that is not younger, faded to that time.

    Parameters
    ----------
    values : sequence of bytes or None
        Packed values of distinct entities; None, a value of other windows, or a header alone is an entity without
        events.
    row_B : ndarray of intp, shape (B,)
        Place of each row's entity in `values`; -1: it has none, and all its columns are NaN.
    time_B : ndarray of float64, shape (B,)
        Ends of panes in ms since 1970.
    kind : EntityKind
        Whose columns these are, C of them.
    reach_ms : int
        Snapshots in this span before the newest are all there (``windows.snapshots`` panes).
    fingerprint : int
        `windows_fingerprint`.
    """
    columns = len(kind.columns)
    out_B = np.zeros(len(row_B), np.bool_)
    words, at_V, usable_V = _joined(values, fingerprint, columns)
    if (row_B >= 0).all() and usable_V.all():
        newest_BC = _newest(words, at_V[row_B], time_B, kind)
        if newest_BC is not None:
            return AsOf(newest_BC, out_B, out_B.copy())
    x_BC = np.where((row_B >= 0)[:, None], empty_columns(kind), np.float32(np.nan)).astype(np.float32)
    is_held_B = (row_B >= 0) & np.append(usable_V, False)[row_B]
    held_B = np.flatnonzero(is_held_B)
    if held_B.size:
        at_H, time_H = at_V[row_B[held_B]], time_B[held_B]
        size_H, taken_H = _sizes(words, at_H)
        place_H = _newest_not_after(words, at_H, size_H, time_H)
        out_B[held_B] = (place_H < 0) & (time_H < taken_H - reach_ms)
        x_BC[out_B] = np.nan
        found = np.flatnonzero(place_H >= 0)
        at_F, place_F, size_F = at_H[found], place_H[found], size_H[found]
        taken_F = _times(words, at_F + _HEADER_WORDS + 2 * place_F)
        x_FC = _snapshots(words, at_F, size_F, place_F, columns)
        x_BC[held_B[found]] = fade(x_FC, time_H[found] - taken_F, kind)
    return AsOf(x_BC, out_B, (row_B >= 0) & ~is_held_B)


def _newest(
    words: NDArray[np.uint32], at_B: NDArray[np.int64], time_B: NDArray[np.float64], kind: EntityKind
) -> NDArray[np.float32] | None:
    """Columns as of the present, which is what nearly all batches ask for; None if a row asks for an earlier time."""
    size_B, taken_B = _sizes(words, at_B)
    if not (taken_B <= time_B).all():
        return None
    return fade(_snapshots(words, at_B, size_B, size_B - 1, len(kind.columns)), time_B - taken_B, kind)


def _sizes(words: NDArray[np.uint32], at_B: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many snapshots each value has, and the time of its newest."""
    size_B = (words[at_B + 3] & 0xFFFF).astype(np.int64)
    return size_B, _times(words, at_B + (_HEADER_WORDS - 2) + 2 * size_B)


def _snapshots(
    words: NDArray[np.uint32],
    at_B: NDArray[np.int64],
    size_B: NDArray[np.int64],
    place_B: NDArray[np.int64],
    columns: int,
) -> NDArray[np.float32]:
    """Columns of one snapshot of each value, (B, C)."""
    first_B = at_B + _HEADER_WORDS + 2 * size_B + columns * place_B
    x_BC: NDArray[np.float32] = words.view("<f4")[first_B[:, None] + np.arange(columns)]
    return x_BC


def fade(x_BC: NDArray[np.float32], since_B: NDArray[np.float64], kind: EntityKind) -> NDArray[np.float32]:
    """Bring columns that change by mere passing of time `since_B` ms further: ages grow, decayed counts fade."""
    if not any(c.aggregate in _PASSING for c in kind.columns):
        return x_BC
    faded_BC = x_BC.astype(np.float64)
    for c in kind.columns:
        if c.aggregate == "age":
            faded_BC[:, c.slot] += since_B / 1000
        elif c.aggregate == "decayed_count":
            faded_BC[:, c.slot] *= np.exp2(-since_B / c.span_ms)
    return faded_BC.astype(np.float32)


def _joined(
    values: Sequence[bytes | None], fingerprint: int, columns: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.bool_]]:
    """Values in one array, where each begins, and which are whole: strange bytes and those of other windows are not."""
    held = cast("Sequence[bytes]", values) if None not in values else [value or b"" for value in values]
    length_V = np.fromiter(map(len, held), np.int64, len(held))
    if (length_V % 4).any():
        held = [value[: len(value) & ~3] for value in held]
    word_V = length_V // 4
    words = np.frombuffer(b"".join((*held, bytes(4 * _HEADER_WORDS))), "<u4")
    at_V = np.cumsum(word_V) - word_V
    shape_V = words[at_V + 3].astype(np.int64)
    size_V, width_V = shape_V & 0xFFFF, shape_V >> 16
    whole_V = (size_V > 0) & (length_V == 4 * (_HEADER_WORDS + size_V * (2 + columns)))
    return words, at_V, whole_V & (width_V == columns) & (words[at_V + 2] == fingerprint)


def _times(words: NDArray[np.uint32], at_B: NDArray[np.int64]) -> NDArray[np.float64]:
    return words[at_B].astype(np.float64) + words[at_B + 1].astype(np.float64) * 2.0**32


def _newest_not_after(
    words: NDArray[np.uint32], at_B: NDArray[np.int64], size_B: NDArray[np.int64], time_B: NDArray[np.float64]
) -> NDArray[np.int64]:
    """For each row the place of its newest snapshot not after its time; -1: none."""
    first_B = np.cumsum(size_B) - size_B
    flat_S = np.arange(int(size_B.sum())) - np.repeat(first_B, size_B)
    times_S = _times(words, np.repeat(at_B + _HEADER_WORDS, size_B) + 2 * flat_S)
    not_after_S = times_S <= np.repeat(time_B, size_B)
    return np.add.reduceat(not_after_S.astype(np.int64), first_B) - 1
