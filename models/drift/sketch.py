"""What is sketched of a source: its columns, and the bins of each. Sketches of one plan can be added."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.drift.derived import Derived, Rule, Slice, codes_of, slices_of
from models.drift.edges import GivenEdges, given_edges, put_edges, with_copies
from models.drift.sample import rows_kept
from schemas.drift_edges import edges_of, label_columns
from schemas.drift_rules import LABEL_COLUMNS, is_of_labels
from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline
from schemas.pipeline_drift_expectations import InSet, columns_named

PREDICTIONS = "predictions"
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class SketchPlan:
    """Which histogram a value falls in: `bins` bins for each of F columns, then one for missing.

    A number of column f falls in bin ⌊(x − low_F[f]) · scale_F[f]⌋, values outside, below `low_F` or above `high_F`, in
    the first or last; where edges are `given`, they say in which. The code of a category falls in the bin of its
    remainder modulo `bins`, and is never outside. Sketches may be added if they have the same `binning`: it stands for
    all of this but what is derived, and is 0 where nobody has asked.
    Of each batch `sample_rows` rows are kept whole; 0: none. The last columns are `derived` from the others.
    """

    source: str
    names: tuple[str, ...]
    bins: int
    low_F: NDArray[np.float32]
    high_F: NDArray[np.float32]
    scale_F: NDArray[np.float32]
    categories: NDArray[np.intp]
    window_ms: int
    sample_rows: int = 0
    sample_seed: int = 0
    derived: tuple[Derived, ...] = ()
    given: GivenEdges | None = None
    binning: int = 0

    @property
    def size(self) -> int:
        """Counts in one sketch: F · (bins + 1)."""
        return len(self.names) * (self.bins + 1)

    @property
    def width(self) -> int:
        """Columns that are not derived: those of the rows themselves."""
        return len(self.names) - len(self.derived)

    @property
    def measured(self) -> NDArray[np.intp]:
        """Places of the columns that are numbers, which have a mean; shape (M,)."""
        is_number_F = np.ones(len(self.names), np.bool_)
        is_number_F[self.categories] = False
        return np.flatnonzero(is_number_F)

    @property
    def edges_FE(self) -> NDArray[np.float64]:
        """Edges of the bins: of numbers in their unit, of categories from 0 to `bins`. Shape (F, bins + 1)."""
        low_F, width_F = self.low_F.astype(np.float64), 1 / self.scale_F.astype(np.float64)
        edges_FE: NDArray[np.float64] = low_F[:, None] + np.arange(self.bins + 1) * width_F[:, None]
        if self.given is not None:
            put_edges(self.given, edges_FE, self.high_F)
        return edges_FE


def predictions_plan(pipeline: Pipeline) -> SketchPlan:
    """Plan of the vectors as served: what the predictor sketches. Rules on them follow."""
    layout, joint = layout_of(pipeline), pipeline.drift.joint
    plan = _plan(pipeline, PREDICTIONS, layout.names, layout.buckets, layout.ranges)
    plan = _with_derived(plan, _rules(pipeline, PREDICTIONS, layout, layout.names))
    if joint is None:
        return plan
    return replace(plan, sample_rows=rows_kept(joint.rows, layout.width), sample_seed=joint.seed)


def labels_plan(pipeline: Pipeline) -> SketchPlan:
    """Plan of three columns, as `label_rows` makes them: `label`, `output` and `error`.

    The error within each slice follows, and rules on labels.
    """
    layout = layout_of(pipeline)
    buckets, ranges = zip(*label_columns(pipeline.target).values(), strict=True)
    plan = _plan(pipeline, LABELS, LABEL_COLUMNS, buckets, ranges)
    error = LABEL_COLUMNS.index("error")
    slices = [
        one
        for column, values in pipeline.drift.slices.items()
        for place in [layout.names.index(column)]
        for one in slices_of(column, place, layout.buckets[place], values, plan.bins, error)
    ]
    return _with_derived(plan, [*slices, *_rules(pipeline, LABELS, layout, LABEL_COLUMNS)])


def _rules(pipeline: Pipeline, source: str, layout: Layout, names: tuple[str, ...]) -> list[Rule]:
    """Rules on the columns of a source, which are `names`."""
    rules: list[Rule] = []
    for expectation in pipeline.drift.expectations:
        if is_of_labels(expectation, layout.names) == (source == LABELS):
            places = tuple(names.index(name) for name in columns_named(expectation))
            values = expectation.value_set if isinstance(expectation, InSet) else ()
            codes = codes_of(values, layout.buckets[places[0]]) if values else ()
            rules.append(Rule(expectation, places, codes))
    return rules


def _with_derived(plan: SketchPlan, derived: Sequence[Derived]) -> SketchPlan:
    """Append columns: of an error with its bins, of a rule from 0, it holds, to 1, it fails."""
    if not derived:
        return plan
    like = [one.error if isinstance(one, Slice) else -1 for one in derived]
    high_D = np.array([plan.high_F[f] if f >= 0 else 1 for f in like], np.float32)
    scale_D = np.array([plan.scale_F[f] if f >= 0 else plan.bins for f in like], np.float32)
    return replace(
        plan,
        names=(*plan.names, *(one.name for one in derived)),
        low_F=np.concatenate([plan.low_F, np.zeros(len(derived), np.float32)]),
        high_F=np.concatenate([plan.high_F, high_D]),
        scale_F=np.concatenate([plan.scale_F, scale_D]),
        given=with_copies(plan.given, like, len(plan.names)),
        derived=tuple(derived),
    )


def label_rows(label_N: NDArray[np.floating], output_NK: NDArray[np.float32]) -> NDArray[np.float32]:
    """Columns that are sketched of labels and the outputs served for them.

    Parameters
    ----------
    label_N : ndarray of floats, shape (N,)
    output_NK : ndarray of float32, shape (N, K)
        K is the number of classes of a multiclass target, else 1.

    Returns
    -------
    ndarray of float32, shape (N, 3)
        The label; the output, of several classes the likeliest; the error |label − output|, of several classes what the
        probability of the label lacks to 1, NaN for a label that is none of them.

    Examples
    --------
    >>> label_rows(np.array([1.0, 0.0]), np.array([[0.75], [0.5]], np.float32))
    array([[1.  , 0.75, 0.25],
           [0.  , 0.5 , 0.5 ]], dtype=float32)
    >>> label_rows(np.array([1.0]), np.array([[0.25, 0.75]], np.float32))
    array([[1.  , 1.  , 0.25]], dtype=float32)
    """
    label_N = label_N.astype(np.float32)
    if output_NK.shape[1] == 1:
        return np.stack([label_N, output_NK[:, 0], np.abs(label_N - output_NK[:, 0])], axis=1)
    known_N = (label_N >= 0) & (label_N < output_NK.shape[1])
    place_N = np.where(known_N, label_N, 0).astype(np.intp)
    error_N = np.where(known_N, 1 - output_NK[np.arange(len(label_N)), place_N], np.nan)
    return np.stack([label_N, output_NK.argmax(axis=1), error_N], axis=1).astype(np.float32)


def _plan(
    pipeline: Pipeline,
    source: str,
    names: tuple[str, ...],
    buckets: tuple[int, ...],
    ranges: tuple[tuple[float, float], ...],
) -> SketchPlan:
    bins = pipeline.drift.bins
    low_F = np.array([0.0 if b else r[0] for b, r in zip(buckets, ranges, strict=True)], np.float32)
    high_F = np.array([np.inf if b else r[1] for b, r in zip(buckets, ranges, strict=True)], np.float32)
    scale_F = np.array([1.0 if b else bins / (r[1] - r[0]) for b, r in zip(buckets, ranges, strict=True)], np.float32)
    edges = edges_of(pipeline, layout_of(pipeline).names, source == LABELS)
    plan = SketchPlan(source, names, bins, low_F, high_F, scale_F, np.flatnonzero(buckets), pipeline.drift.pane)
    return replace(plan, given=given_edges(names, edges), binning=_binning(plan, edges))


def _binning(plan: SketchPlan, edges: Mapping[str, Sequence[float]]) -> int:
    """Tell plans apart whose bins are not the same: 48 bits of a hash, so that a float holds it, never 0."""
    arrays = (plan.low_F, plan.high_F, plan.categories)
    told = [plan.names, plan.bins, *(array.tolist() for array in arrays), sorted(edges.items())]
    return int.from_bytes(hashlib.sha256(repr(told).encode()).digest()[:6]) or 1
