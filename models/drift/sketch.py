"""Mergeable histograms of all columns of a batch, with fixed bins: adding two gives the sketch of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline

PREDICTIONS = "predictions"
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class SketchPlan:
    """Which histogram a value falls in: `bins` bins for each of F columns, then one for missing.

    A number of column f falls in bin ⌊(x − low_F[f]) · scale_F[f]⌋, values outside in the first or last. The code of a
    category falls in the bin of its remainder modulo `bins`.
    """

    source: str
    names: tuple[str, ...]
    bins: int
    low_F: NDArray[np.float32]
    scale_F: NDArray[np.float32]
    categories: NDArray[np.intp]
    window_ms: int

    @property
    def size(self) -> int:
        """Counts in one sketch: F · (bins + 1)."""
        return len(self.names) * (self.bins + 1)


def predictions_plan(pipeline: Pipeline) -> SketchPlan:
    """Plan of the vectors as served: what the predictor sketches."""
    return _plan_of_layout(pipeline, layout_of(pipeline))


def labels_plan(pipeline: Pipeline) -> SketchPlan:
    """Plan of two columns, `label` and `output` (of a multiclass target: the class with the largest probability)."""
    target = pipeline.target
    categories = 0 if target.type == "regression" else 2
    label_range = target.range or (0.0, 1.0)
    if target.type == "multiclass":
        return _plan(pipeline, LABELS, ("label", "output"), (target.outputs,) * 2, (label_range,) * 2)
    return _plan(pipeline, LABELS, ("label", "output"), (categories, 0), (label_range,) * 2)


def _plan_of_layout(pipeline: Pipeline, layout: Layout) -> SketchPlan:
    return _plan(pipeline, PREDICTIONS, layout.names, layout.buckets, layout.ranges)


def _plan(
    pipeline: Pipeline,
    source: str,
    names: tuple[str, ...],
    buckets: tuple[int, ...],
    ranges: tuple[tuple[float, float], ...],
) -> SketchPlan:
    bins = pipeline.drift.bins
    low_F = np.array([0.0 if b else r[0] for b, r in zip(buckets, ranges, strict=True)], np.float32)
    scale_F = np.array([1.0 if b else bins / (r[1] - r[0]) for b, r in zip(buckets, ranges, strict=True)], np.float32)
    return SketchPlan(source, names, bins, low_F, scale_F, np.flatnonzero(buckets), pipeline.drift.window)


def sketch_rows(
    plan: SketchPlan, x_BF: NDArray[np.float32], group_B: NDArray[np.intp], groups: int
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

    Returns
    -------
    ndarray of int64, shape (groups, F, bins + 1)
        Each histogram sums to the rows of its group.
    """
    place_BF = (x_BF - plan.low_F) * plan.scale_F
    place_BF[:, plan.categories] %= plan.bins
    missing_BF = np.isnan(place_BF)
    np.clip(place_BF, 0, plan.bins - 1, out=place_BF)
    place_BF[missing_BF] = plan.bins
    index_BF = place_BF.astype(np.intp)
    index_BF += np.arange(len(plan.names)) * (plan.bins + 1)
    index_BF += (group_B * plan.size)[:, None]
    counts = np.bincount(index_BF.ravel(), minlength=groups * plan.size)
    return counts.reshape(groups, len(plan.names), plan.bins + 1)
