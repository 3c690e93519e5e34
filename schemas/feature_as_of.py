"""Reading packed window values as of a time: which snapshot counts, and what has faded since.

`schemas.feature_format` packs them. Everything here works on whole batches, and never fails for strange bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from schemas.feature_format import HEADER_WORDS, empty_columns
from schemas.layout import EntityKind

_PASSING = ("age", "decayed_count")


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
        taken_F = _times(words, at_F + HEADER_WORDS + 2 * place_F)
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
    return size_B, _times(words, at_B + (HEADER_WORDS - 2) + 2 * size_B)


def _snapshots(
    words: NDArray[np.uint32],
    at_B: NDArray[np.int64],
    size_B: NDArray[np.int64],
    place_B: NDArray[np.int64],
    columns: int,
) -> NDArray[np.float32]:
    """Columns of one snapshot of each value, (B, C)."""
    first_B = at_B + HEADER_WORDS + 2 * size_B + columns * place_B
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
    words = np.frombuffer(b"".join((*held, bytes(4 * HEADER_WORDS))), "<u4")
    at_V = np.cumsum(word_V) - word_V
    shape_V = words[at_V + 3].astype(np.int64)
    size_V, width_V = shape_V & 0xFFFF, shape_V >> 16
    whole_V = (size_V > 0) & (length_V == 4 * (HEADER_WORDS + size_V * (2 + columns)))
    return words, at_V, whole_V & (width_V == columns) & (words[at_V + 2] == fingerprint)


def _times(words: NDArray[np.uint32], at_B: NDArray[np.int64]) -> NDArray[np.float64]:
    return words[at_B].astype(np.float64) + words[at_B + 1].astype(np.float64) * 2.0**32


def _newest_not_after(
    words: NDArray[np.uint32], at_B: NDArray[np.int64], size_B: NDArray[np.int64], time_B: NDArray[np.float64]
) -> NDArray[np.int64]:
    """For each row the place of its newest snapshot not after its time; -1: none."""
    first_B = np.cumsum(size_B) - size_B
    flat_S = np.arange(int(size_B.sum())) - np.repeat(first_B, size_B)
    times_S = _times(words, np.repeat(at_B + HEADER_WORDS, size_B) + 2 * flat_S)
    not_after_S = times_S <= np.repeat(time_B, size_B)
    return np.add.reduceat(not_after_S.astype(np.int64), first_B) - 1
