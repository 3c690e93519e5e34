"""Partial aggregates of panes: whole numbers, least, greatest and newest, so that they merge in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stream_jobs.feature_windows.plan import EventPlan

_DTYPES = ("<i8", "<i8", "<i8", "<f4", "<f4", "<f8", "<f4", "<i8")


@dataclass(frozen=True, slots=True)
class PaneRows:
    """N rows of one (entity kind, event): V values, H numbers of decays (a sum and a count for each).

    `end_N` counts panes: a row covers the events of ``[(end - 1) * pane, end * pane)``. Sums are fixed point.
    """

    end_N: NDArray[np.int64]
    count_VN: NDArray[np.int64]
    total_VN: NDArray[np.int64]
    low_VN: NDArray[np.float32]
    high_VN: NDArray[np.float32]
    last_time_VN: NDArray[np.float64]
    last_VN: NDArray[np.float32]
    decayed_HN: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.end_N)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All columns, rows last."""
        sums = (self.end_N, self.count_VN, self.total_VN, self.low_VN, self.high_VN)
        return (*sums, self.last_time_VN, self.last_VN, self.decayed_HN)

    def take(self, pick: NDArray[Any]) -> Self:
        """Take rows by a mask or by places."""
        places = np.flatnonzero(pick) if pick.dtype == np.bool_ else pick
        return type(self)(*(c.take(places, axis=-1) for c in self.columns))

    def put(self, at: NDArray[np.int64], rows: PaneRows) -> None:
        """Overwrite rows at some places."""
        for mine, theirs in zip(self.columns, rows.columns, strict=True):
            mine[..., at] = theirs


def blank_rows(plan: EventPlan, size: int) -> PaneRows:
    """Rows to be filled in."""
    shapes = _shapes(plan, size)
    return PaneRows(*(np.zeros(shape, dtype) for shape, dtype in zip(shapes, _DTYPES, strict=True)))


def joined(parts: list[PaneRows]) -> PaneRows:
    """Put rows one after another; at least one part."""
    if len(parts) == 1:
        return parts[0]
    return PaneRows(*(np.concatenate(c, axis=-1) for c in zip(*(p.columns for p in parts), strict=True)))


def merged(starts_G: NDArray[np.int64], rows: PaneRows) -> PaneRows:
    """Merge each run of rows that begins at one of `starts_G` into one row.

    Exact, whatever the order within a run: integers are added, and of equal times the largest value is the last.
    """
    if len(starts_G) == len(rows):
        return rows
    newest_VG = np.maximum.reduceat(rows.last_time_VN, starts_G, axis=-1)
    sizes_G = np.diff(starts_G, append=len(rows))
    is_newest_VN = rows.last_time_VN == np.repeat(newest_VG, sizes_G, axis=-1)
    last_VN = np.where(is_newest_VN, rows.last_VN, np.float32(-np.inf))
    return PaneRows(
        rows.end_N[starts_G],
        np.add.reduceat(rows.count_VN, starts_G, axis=-1),
        np.add.reduceat(rows.total_VN, starts_G, axis=-1),
        np.minimum.reduceat(rows.low_VN, starts_G, axis=-1),
        np.maximum.reduceat(rows.high_VN, starts_G, axis=-1),
        newest_VG,
        np.maximum.reduceat(last_VN, starts_G, axis=-1),
        np.add.reduceat(rows.decayed_HN, starts_G, axis=-1),
    )


def packed(rows: PaneRows) -> bytes:
    """Lay the columns one after another, little-endian."""
    pairs = zip(rows.columns, _DTYPES, strict=True)
    return b"".join(np.ascontiguousarray(c, dtype).tobytes() for c, dtype in pairs)


def unpacked(raw: bytes | memoryview, size: int, plan: EventPlan) -> PaneRows:
    """Read what `packed` wrote. ValueError if it is not of this plan."""
    at, columns = 0, []
    for shape, dtype in zip(_shapes(plan, size), _DTYPES, strict=True):
        count = int(np.prod(shape))
        columns.append(np.frombuffer(raw, dtype, count, at).reshape(shape) if count else np.zeros(shape, dtype))
        at += count * np.dtype(dtype).itemsize
    if at != len(raw):
        raise ValueError(f"{len(raw)} bytes of pane rows, {at} expected")
    return PaneRows(*columns)


def _shapes(plan: EventPlan, size: int) -> tuple[tuple[int, ...], ...]:
    return ((size,), *(((len(plan.values), size),) * 6), (2 * len(plan.decays), size))
