"""Mergeable histograms of all columns of a batch, with fixed bins: adding two gives the histograms of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.drift.edges import bins_of
from models.drift.sketch import SketchPlan


def places_of(plan: SketchPlan, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where values lie in their range, from 0 to `bins`, if they are in it; of categories, their code. Shape (B, F)."""
    return (x_BF - plan.low_F) * plan.scale_F


def sketch_rows(
    plan: SketchPlan,
    x_BF: NDArray[np.float32],
    group_B: NDArray[np.intp],
    groups: int,
    place_BF: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """Count rows into the histograms of their groups.

    Parameters
    ----------
    plan : SketchPlan
    x_BF : ndarray of float32, shape (B, F)
        NaN is missing.
    group_B : ndarray of intp, shape (B,)
        From 0 to `groups` − 1.
    groups : int
    place_BF : ndarray of float32, shape (B, F), optional
        From `places_of`, where somebody has asked already. Overwritten.

    Returns
    -------
    ndarray of int64, shape (groups, F, bins + 1)
        Each histogram sums to the rows of its group.
    """
    if place_BF is None:
        place_BF = places_of(plan, x_BF)
    place_BF[:, plan.categories] %= plan.bins
    missing_BF = np.isnan(place_BF)
    np.clip(place_BF, 0, plan.bins - 1, out=place_BF)
    if plan.given is not None:
        place_BF[:, plan.given.columns] = bins_of(plan.given, x_BF)
    place_BF[missing_BF] = plan.bins
    index_BF = place_BF.astype(np.intp)
    index_BF += np.arange(len(plan.names)) * (plan.bins + 1)
    index_BF += (group_B * plan.size)[:, None]
    counts = np.bincount(index_BF.ravel(), minlength=groups * plan.size)
    return counts.reshape(groups, len(plan.names), plan.bins + 1)


def rows_outside(
    plan: SketchPlan, x_BF: NDArray[np.float32], group_B: NDArray[np.intp], groups: int
) -> NDArray[np.int64]:
    """Count the rows of each group whose number is below its column's range or above it.

    Parameters
    ----------
    plan, x_BF, group_B, groups
        As in `sketch_rows`.

    Returns
    -------
    ndarray of int64, shape (groups, F)
        0 for categories, which have no range.
    """
    outside_BF = (x_BF < plan.low_F) | (x_BF > plan.high_F)  # NaN is neither
    outside_BF[:, plan.categories] = False
    columns = len(plan.names)
    if not outside_BF.any():  # as it should be
        return np.zeros((groups, columns), np.int64)
    row_N, column_N = np.nonzero(outside_BF)
    counts = np.bincount(group_B[row_N] * columns + column_N, minlength=groups * columns)
    return counts.reshape(groups, columns)
