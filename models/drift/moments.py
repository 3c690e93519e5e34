"""Sums and sums of squares of numbers, which come to the same whatever is added first: they are whole numbers.

As in ADR 2 a value is scaled, rounded once, and summed as an integer: to the `UNITS`-th part of its column's range,
counted from its lower end, so that a square has 40 bits. Values outside of the range count as its nearer end, as they
do in the histogram, which also says how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.drift.sketch import SketchPlan

Float64 = NDArray[np.float64]

UNITS: Final = 1 << 20
_EXACT_ROWS: Final = 1 << 13
"""So many squares sum to less than 2⁵³: float64 adds them without error, in whatever order."""
_FEW_GROUPS: Final = 8
"""Of few groups a product of matrices sums faster than rows in order do."""


def moments_of(
    plan: SketchPlan, place_BF: NDArray[np.float32], group_B: NDArray[np.intp], groups: int
) -> NDArray[np.int64]:
    """Sum rows by their groups.

    Parameters
    ----------
    plan : SketchPlan
    place_BF : ndarray of float32, shape (B, F)
        From `places_of`. Not changed.
    group_B : ndarray of intp, shape (B,)
        From 0 to `groups` − 1.
    groups : int

    Returns
    -------
    ndarray of int64, shape (groups, 2, M)
        Of each of the M `plan.measured` columns the sum in units, then the sum of squares. A value is wrong by less
        than one unit; sums add no error. What is missing adds nothing.

    Examples
    --------
    >>> low_F, high_F, scale_F = np.zeros(1), np.full(1, 8.0), np.full(1, 0.5)
    >>> plan = SketchPlan("predictions", ("a",), 4, low_F, high_F, scale_F, np.empty(0, int), 100)
    >>> place_BF = np.array([[1.0], [3.0], [np.nan]], np.float32)
    >>> (moments_of(plan, place_BF, np.zeros(3, int), 1) / (UNITS / 4) ** np.array([[[1], [2]]])).tolist()
    [[[4.0], [10.0]]]
    """
    unit_BF = np.fmax(place_BF, np.float32(0))  # of NaN, 0
    np.minimum(unit_BF, np.float32(plan.bins), out=unit_BF)
    unit_BF *= np.float32(UNITS / plan.bins)
    np.rint(unit_BF, out=unit_BF)
    sums = np.zeros((groups, 2, len(plan.names)), np.int64)
    for first in range(0, len(unit_BF), _EXACT_ROWS):
        part = slice(first, first + _EXACT_ROWS)
        _add(sums, unit_BF[part].astype(np.float64), group_B[part])
    return sums[:, :, plan.measured]


def _add(sums: NDArray[np.int64], unit_BF: Float64, group_B: NDArray[np.intp]) -> None:
    if len(sums) <= _FEW_GROUPS:
        is_in_GB = (np.arange(len(sums))[:, None] == group_B).astype(np.float64)
        sums[:, 0] += (is_in_GB @ unit_BF).astype(np.int64)
        unit_BF *= unit_BF
        sums[:, 1] += (is_in_GB @ unit_BF).astype(np.int64)
        return
    order_B = np.argsort(group_B, kind="stable")
    ordered_B, unit_BF = group_B[order_B], unit_BF[order_B]
    first_G = np.append(0, np.flatnonzero(np.diff(ordered_B)) + 1)
    sums[ordered_B[first_G], 0] += np.add.reduceat(unit_BF, first_G, axis=0).astype(np.int64)
    unit_BF *= unit_BF
    sums[ordered_B[first_G], 1] += np.add.reduceat(unit_BF, first_G, axis=0).astype(np.int64)


def packed(sums: NDArray[np.int64]) -> NDArray[np.object_]:
    """Each group's sums as bytes: 8 of each, little-endian, all sums and then all sums of squares.

    Examples
    --------
    >>> [unpacked(one) for one in packed(np.array([[[1, 2], [3, 1 << 40]]]))]
    [(1, 2, 3, 1099511627776)]
    """
    found_S = np.empty(len(sums), np.object_)
    found_S[:] = [row.tobytes() for row in sums.astype("<i8")]
    return found_S


def unpacked(moments: bytes) -> tuple[int, ...]:
    """Read what `packed` wrote."""
    return tuple(np.frombuffer(moments, "<i8").tolist())


def added(parts: Sequence[Sequence[int] | None]) -> tuple[int, ...] | None:
    """Add sums up, without bound; None if they are not told of one part, from before there were any.

    Examples
    --------
    >>> added([(1, 2), (3, 1 << 70)]), added([(1, 2), None])
    ((4, 1180591620717411303426), None)
    """
    known = [part for part in parts if part is not None]
    return tuple(map(sum, zip(*known, strict=True))) if len(known) == len(parts) else None


def as_entry(moments: Sequence[int] | None) -> dict[str, list[int]]:
    """As entries of a table have them: nothing where they are not told.

    Examples
    --------
    >>> as_entry((1, 2)), as_entry(None)
    ({'moments': [1, 2]}, {})
    """
    return {} if moments is None else {"moments": [*moments]}


def are_possible(moments: Sequence[int], present_M: Sequence[int]) -> bool:
    """Whether there are values that have such sums: they lie in the range, and their variance is not negative.

    What holds of parts holds of what they add up to, so that it need be asked but once.

    Parameters
    ----------
    moments : sequence of int, 2 · M
    present_M : sequence of int
        Rows that have each of the numbers.

    Examples
    --------
    >>> are_possible((4, 8), [2]), are_possible((4, 7), [2]), are_possible((1, 1), [0]), are_possible((-1, 1), [1])
    (True, False, False, False)
    """
    columns = zip(moments[: len(present_M)], moments[len(present_M) :], present_M, strict=True)
    return all(0 <= total <= rows * UNITS and total**2 <= rows * squares for total, squares, rows in columns)


def mean_and_spread(
    plan: SketchPlan, moments: Sequence[int], present_F: NDArray[np.int64], column: int
) -> tuple[float, float]:
    """Mean and standard deviation of a column's rows, in its unit of measure; (0, 0) where there are none.

    Both are within one `UNITS`-th of the range of what they are of the values as they were.

    Parameters
    ----------
    plan : SketchPlan
    moments : sequence of int, 2 · M
    present_F : ndarray of int64, shape (F,)
        Rows that have each column.
    column : int
        One of `plan.measured`.
    """
    place, rows = plan.measured.tolist().index(column), int(present_F[column])
    if not rows:
        return 0.0, 0.0
    total, squares = moments[place], moments[len(plan.measured) + place]
    unit = (float(plan.high_F[column]) - float(plan.low_F[column])) / UNITS
    return float(plan.low_F[column]) + total / rows * unit, (rows * squares - total**2) ** 0.5 / rows * unit
