"""Bins whose edges are given: counted right, added only to their like, and never wrong by more than stated."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from models.drift.evidence import weigh
from models.drift.histograms import sketch_rows
from models.drift.sketch import SketchPlan, labels_plan, predictions_plan
from models.drift.statistics.sketched import compare_sketches
from models.drift.tally import Tally
from schemas.pipeline import Pipeline
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.streams import Rows, sketched, stream_pipeline
from tests.models.drift.streams import feed as fed

LOW, HIGH = -8.0, 8.0
SKEWED = (-7.75, -7.5, -6.0, -1.0, 0.0, 7.0)
numbers = st.one_of(st.floats(-20, 20, width=32), st.sampled_from([*SKEWED, LOW, HIGH, np.inf, -np.inf, np.nan]))
edge_lists = st.lists(
    st.floats(LOW, HIGH, width=32, exclude_min=True, exclude_max=True), min_size=1, max_size=15, unique=True
).map(sorted)


def as_rows(values_B: np.ndarray) -> Rows:
    return np.stack([np.zeros(len(values_B)), values_B, values_B], axis=1).astype(np.float32)


batches = arrays(np.float32, st.integers(0, 200), elements=numbers).map(as_rows)
grid = st.integers(-20 * 64, 20 * 64).map(lambda n: n / 64) | st.sampled_from([np.inf, -np.inf, np.nan])


def pipeline_with(**edges: Any) -> Pipeline:
    return stream_pipeline(edges=edges)


def histograms(plan: SketchPlan, x_BF: Rows) -> np.ndarray:
    counts_FB: np.ndarray = sketch_rows(plan, x_BF, np.zeros(len(x_BF), np.intp), 1)[0]
    return counts_FB


@given(batches, edge_lists)
@settings(deadline=None)
def test_each_row_is_between_the_edges_of_its_bin(x_BF: Rows, edges: list[float]) -> None:
    plan = predictions_plan(pipeline_with(a=edges))
    found_B = histograms(plan, x_BF)[1]
    values_N = x_BF[~np.isnan(x_BF[:, 1]), 1].astype(np.float64)
    bounds = [-np.inf, *edges, np.inf]
    expected = [int(((values_N >= low) & (values_N < high)).sum()) for low, high in pairwise(bounds)]
    expected[-1] += int((values_N == np.inf).sum())
    assert found_B.tolist() == expected + [0] * (15 - len(edges)) + [len(x_BF) - len(values_N)]


@given(batches, st.integers(0, 200), edge_lists)
@settings(deadline=None)
def test_the_sketch_of_two_batches_is_the_sum_of_their_sketches(x_BF: Rows, cut: int, edges: list[float]) -> None:
    plan = predictions_plan(pipeline_with(b=edges))
    whole = histograms(plan, x_BF)
    assert (whole == histograms(plan, x_BF[:cut]) + histograms(plan, x_BF[cut:])).all()
    assert (whole.sum(axis=1) == len(x_BF)).all()


@pytest.mark.parametrize("rows", [20, 2000])
def test_few_rows_and_many_are_counted_alike(rows: int) -> None:
    x_BF = as_rows(np.random.default_rng(rows).normal(0, 4, rows))
    plan = predictions_plan(pipeline_with(a=SKEWED, b=(0.5,)))
    one_by_one = sum(histograms(plan, x_BF[i : i + 1]) for i in range(rows))
    assert (histograms(plan, x_BF) == one_by_one).all()


@given(arrays(np.float32, st.integers(0, 200), elements=grid).map(as_rows))
@settings(deadline=None)
def test_edges_of_equal_width_count_as_none_given(x_BF: Rows) -> None:
    even = [float(edge) for edge in range(-7, 8)]
    given_plan, plan = predictions_plan(pipeline_with(a=even, b=even)), predictions_plan(stream_pipeline())
    assert (histograms(given_plan, x_BF) == histograms(plan, x_BF)).all()
    np.testing.assert_array_equal(given_plan.edges_FE, plan.edges_FE)
    assert plan.given is None


@given(edge_lists, st.integers(0, 99), st.floats(0.2, 3))
@settings(max_examples=60, deadline=None)
def test_the_samples_lie_within_the_stated_error(edges: list[float], seed: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    one_N, other_N = (np.clip(random.normal(m, spread, 80), LOW, HIGH).astype(np.float32) for m in (0.0, 1.0))
    plan = predictions_plan(pipeline_with(a=edges))
    one_FK, other_FK = (histograms(plan, as_rows(side_N))[1:2, :-1] for side_N in (one_N, other_N))
    found = compare_sketches(one_FK, other_FK, plan.edges_FE[1:2])
    exact = float(stats.ks_2samp(one_N, other_N).statistic)
    assert found.ks_F[0] - 1e-9 <= exact <= found.ks_F[0] + found.ks_error_F[0] + 1e-9
    moved = float(stats.wasserstein_distance(one_N.astype(np.float64), other_N.astype(np.float64)))
    assert abs(moved - found.wasserstein_F[0]) <= found.wasserstein_error_F[0] + 1e-6


def test_a_shift_of_a_skewed_column_is_seen_through_edges_that_follow_its_rows() -> None:
    random = np.random.default_rng(5)
    before_N, after_N = random.lognormal(0, 1, 4000), random.lognormal(0.6, 1, 4000)
    exact = float(stats.ks_2samp(before_N, after_N).statistic)
    amount = {"type": "number", "range": [0.0, 2000.0]}
    request = {"entity": "who", "fields": {"who": {"type": "category", "buckets": 8}, "amount": amount}}
    edges = [float(e) for e in np.quantile(before_N, np.arange(1, 16) / 16)]
    effects = {}
    for name, given_edges in (("even", {}), ("given", {"amount": edges})):
        pipeline = small_pipeline(
            request=request, drift={"bins": 16, "minimum": 50, "tests": {"numbers": "ks"}, "edges": given_edges}
        )
        plan = predictions_plan(pipeline)
        sides = [np.stack([np.zeros(len(n)), n], axis=1).astype(np.float32) for n in (after_N, before_N)]
        tallies = [Tally(0, 1, histograms(plan, x_BF), np.zeros(2, np.int64)) for x_BF in sides]
        found = weigh(plan, pipeline.drift, "covariate", *tallies)
        effects[name] = float(found.effect_T[list(found.columns).index(1)])
    assert exact > 0.2
    assert effects["even"] < 0.01, "nearly all rows are in the first bin"
    assert exact - 1 / 16 < effects["given"] <= exact


def test_a_stream_that_only_given_edges_tell_of_begins_an_event() -> None:
    random = np.random.default_rng(7)
    windows = [as_rows(LOW + random.lognormal(-4 if w < 8 else -3, 0.5, 300)) for w in range(12)]
    edges = tuple(float(LOW + e) for e in (0.01, 0.015, 0.02, 0.03, 0.05))
    events = {}
    for name, of_file in (("even", {}), ("given", {"a": edges, "b": edges})):
        pipeline = stream_pipeline(edges=of_file, tests={"numbers": "ks"})
        events[name] = fed(pipeline, sketched(predictions_plan(pipeline), windows, partitions=3))
    assert events["even"] == []
    first = events["given"][0]
    assert (first.kind, first.columns, first.window_start) == ("covariate", ("a", "b"), 800)
    assert first.edges[:7] == (LOW, *(float(np.float32(e)) for e in edges), HIGH)


@pytest.mark.parametrize("value", [np.nan, 3.0, np.inf, -np.inf])
def test_a_column_of_one_value_or_none_is_counted_and_says_nothing(value: float) -> None:
    pipeline = pipeline_with(a=SKEWED, b=(3.0,))
    plan, windows = predictions_plan(pipeline), [as_rows(np.full(100, value)) for _ in range(8)]
    assert (histograms(plan, windows[0]).sum(axis=1) == 100).all()
    assert fed(pipeline, sketched(plan, windows)) == []


def test_errors_within_slices_have_the_bins_of_the_error() -> None:
    edges = (0.01, 0.05)
    plan = labels_plan(
        small_pipeline(drift={"window": 100, "bins": 4, "slices": {"who": ["x"]}, "edges": {"error": edges}})
    )
    assert len(plan.names) == 6
    for f in (2, 3, 4, 5):
        np.testing.assert_allclose(plan.edges_FE[f], [0, *edges, 1, 1])
    np.testing.assert_allclose(plan.edges_FE[1], [0, 0.25, 0.5, 0.75, 1])


def test_a_column_that_is_named_as_one_of_the_labels_keeps_edges_to_itself() -> None:
    fields = {"who": {"type": "category", "buckets": 8}, "error": {"type": "number", "range": [0.0, 10.0]}}
    drift = {"bins": 4, "edges": {"error": [5.0]}}
    pipeline = small_pipeline(request={"entity": "who", "fields": fields}, drift=drift)
    assert predictions_plan(pipeline).given is not None
    assert labels_plan(pipeline).given is None


def test_whatever_changes_the_bins_changes_what_stands_for_them() -> None:
    def binning(**drift: Any) -> int:
        return predictions_plan(stream_pipeline(**drift)).binning

    other = [binning(bins=8), binning(edges={"a": [0.0]}), binning(edges={"b": [0.0]}), binning(edges={"a": [0.5]})]
    wider = small_pipeline(
        request={
            "entity": "who",
            "fields": {"who": {"type": "category", "buckets": 64}, "size": {"type": "number", "range": [0, 9]}},
        }
    )
    assert len({binning(), *other}) == 5
    assert predictions_plan(wider).binning != predictions_plan(small_pipeline()).binning
    rule = {"type": "expect_column_values_to_not_be_null", "column": "a"}
    assert binning(expectations=[rule], joint={}, window=200) == binning()


def test_panes_of_other_edges_are_let_go_not_added_to() -> None:
    table: dict[str, dict[str, Any]] = {}
    windows = [as_rows(np.full(100, 1.0)) for _ in range(3)]
    even, uneven = stream_pipeline(), pipeline_with(a=SKEWED)
    fed(even, sketched(predictions_plan(even), windows), table)
    (again,) = sketched(predictions_plan(uneven), windows[-1:])
    fed(uneven, [again], table)
    assert table["small|predictions"]["starts"] == [0]
    assert table["small|predictions|0"]["rows"] == 100
    assert table["small|predictions|0"]["counts"] == again.counts_N.tolist()


def test_panes_from_before_bins_were_told_are_of_equal_width() -> None:
    windows = [as_rows(np.full(100, 1.0)) for _ in range(3)]
    even, uneven = stream_pipeline(), pipeline_with(a=SKEWED)
    for pipeline, starts in ((even, [0, 100, 200, 300]), (uneven, [300])):
        table: dict[str, dict[str, Any]] = {}
        fed(even, sketched(predictions_plan(even), windows), table)
        del table["small|predictions"]["binning"]
        later = sketched(predictions_plan(pipeline), [*windows, windows[0]])[3:]
        fed(pipeline, later, table)
        assert table["small|predictions"]["starts"] == starts
