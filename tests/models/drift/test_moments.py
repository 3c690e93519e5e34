"""Sums of numbers in sketches: the same however rows are dealt out, and what NumPy says to within a unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.histograms import places_of, sketch_rows
from models.drift.moments import UNITS, added, are_possible, mean_and_spread, moments_of, packed, unpacked
from models.drift.sketch import SketchPlan, labels_plan, predictions_plan
from models.drift.tally import tally_of
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.streams import Rows, drifts_of, feed, normal_rows, sketched, stream_pipeline

PLAN = predictions_plan(stream_pipeline())
TALL = 20_000
floats = st.floats(-8, 8, width=32) | st.floats(width=32)
batches = st.integers(0, 40).flatmap(lambda rows: arrays(np.float32, (rows, 3), elements=floats))
sums = st.lists(st.integers(-(1 << 80), 1 << 80), min_size=4, max_size=4).map(tuple) | st.none()


def moments(x_BF: Rows, plan: SketchPlan = PLAN) -> tuple[int, ...]:
    return tuple(moments_of(plan, places_of(plan, x_BF), np.zeros(len(x_BF), np.intp), 1).ravel().tolist())


@given(sums, sums, sums)
def test_adding_is_associative_and_commutative_and_what_is_not_known_stays_so(a: Any, b: Any, c: Any) -> None:
    assert added([a, b, c]) == added([added([a, b]), c]) == added([a, added([b, c])]) == added([c, b, a])
    assert (added([a, b]) is None) == (a is None or b is None)
    assert added([a, (0, 0, 0, 0)]) == a


@given(batches, st.data())
def test_the_sums_are_the_same_however_rows_are_dealt_out(x_BF: Rows, data: st.DataObject) -> None:
    groups = data.draw(st.sampled_from([1, 3, 8, 9, 40]))
    group_B = data.draw(arrays(np.intp, len(x_BF), elements=st.integers(0, groups - 1)))
    parts = moments_of(PLAN, places_of(PLAN, x_BF), group_B, groups)
    assert added([tuple(part.ravel().tolist()) for part in parts]) == moments(x_BF)
    for g, part in enumerate(parts):
        assert tuple(part.ravel().tolist()) == moments(x_BF[group_B == g][::-1])


@pytest.mark.parametrize("groups", [1, 40])
def test_of_many_rows_at_the_upper_end_no_bit_is_lost(groups: int) -> None:
    x_BF = np.full((TALL, 3), 8, np.float32)
    x_BF[0] = 8 - 16 / UNITS  # one unit less: 1 is lost where floats of 53 bits add up
    group_B = np.arange(TALL) % groups
    found = moments_of(PLAN, places_of(PLAN, x_BF), group_B, groups).sum(axis=0)
    assert found.tolist() == [[TALL * UNITS - 1] * 2, [TALL * UNITS**2 - 2 * UNITS + 1] * 2]


@given(batches)
def test_sums_of_rows_are_possible_and_with_less_squares_or_less_rows_than_that_takes_they_are_not(x_BF: Rows) -> None:
    counts = sketch_rows(PLAN, x_BF, np.zeros(len(x_BF), np.intp), 1)[0]
    present_M = counts[PLAN.measured, :-1].sum(axis=1).tolist()
    a, b, *squares = moments(x_BF)
    assert are_possible((a, b, *squares), present_M)
    assert are_possible((a, b, 0, 0), present_M) == (a == b == 0)
    assert not are_possible((a, b, *squares), [-1, present_M[1]])
    assert not are_possible((UNITS * present_M[0] + 1, b, 1 << 62, squares[1]), present_M)


def known(x_BF: Rows, plan: SketchPlan, column: int) -> tuple[float, float]:
    counts = sketch_rows(plan, x_BF, np.zeros(len(x_BF), np.intp), 1)[0]
    return mean_and_spread(plan, moments(x_BF, plan), counts[:, :-1].sum(axis=1), column)


@given(batches, st.sampled_from([(-8.0, 8.0), (-1e-6, 1e-6), (100.0, 100.5), (0.0, 1e7)]), st.sampled_from([16, 10]))
def test_mean_and_spread_are_numpys_of_what_lies_in_the_range(x_BF: Rows, ends: tuple[float, float], bins: int) -> None:
    (low, high), number = ends, {"type": "number", "range": [*ends]}
    fields = {"who": {"type": "category", "buckets": 64}, "a": number, "b": number}
    drift = {"window": 100, "reference": 4, "bins": bins}
    plan = predictions_plan(small_pipeline(request={"entity": "who", "fields": fields}, drift=drift))
    x_BF = np.clip(x_BF, low, high) if low else x_BF
    for column in (1, 2):
        x_N = x_BF[~np.isnan(x_BF[:, column]), column].astype(np.float64)
        kept_N = np.clip(x_N, np.float32(low), np.float32(high))
        expected = (kept_N.mean(), kept_N.std()) if len(kept_N) else (0.0, 0.0)
        # A number of 24 bits far from 0 is no finer than that.
        near = (high - low) / UNITS + max(abs(low), abs(high)) * 2.0**-23
        np.testing.assert_allclose(known(x_BF, plan, column), expected, rtol=0, atol=near)


def test_columns_with_given_edges_and_columns_made_of_others_have_them_too() -> None:
    rule = {"type": "expect_column_values_to_be_between", "column": "a", "max_value": 0}
    plan = predictions_plan(stream_pipeline(edges={"a": [-1.0, 0.5]}, expectations=[rule]))
    x_BF = normal_rows(np.random.default_rng(0), a=1.0)
    x_BF = np.concatenate([x_BF, (x_BF[:, 1:2] > 0).astype(np.float32)], axis=1)
    assert plan.measured.tolist() == [1, 2, 3]
    for column in (1, 2, 3):
        expected = x_BF[:, column].mean(dtype=np.float64), x_BF[:, column].std(dtype=np.float64)
        np.testing.assert_allclose(known(x_BF, plan, column), expected, atol=16 / UNITS)


def test_they_are_packed_and_unpacked_to_the_last_bit() -> None:
    found = moments_of(PLAN, places_of(PLAN, normal_rows(np.random.default_rng(0))), np.arange(400) % 5, 5)
    assert [unpacked(one) for one in packed(found)] == [tuple(one.ravel().tolist()) for one in found]


def test_of_a_stretch_of_which_one_sketch_does_not_tell_nobody_knows() -> None:
    entry = {"counts": [0] * PLAN.size, "moments": [0] * 4}
    assert tally_of(PLAN, [entry, entry], 0, 100).moments == (0, 0, 0, 0)
    assert tally_of(PLAN, [entry, {"counts": [0] * PLAN.size}], 0, 100).moments is None


def windows(random: np.random.Generator) -> list[Rows]:
    found = [normal_rows(random, a=2.0 if w >= 6 else 0.0) for w in range(9)]
    for x_BF in found:
        x_BF[:9, 2] = np.nan
    return found


@pytest.mark.parametrize("drift", [{}, {"rows": 700}, {"window": 200, "slide": 100}, {"against": "fixed"}])
def test_an_event_tells_mean_and_spread_of_both_sides_whatever_the_partitioning(drift: dict[str, Any]) -> None:
    rows, pipeline = windows(np.random.default_rng(1)), stream_pipeline(**{"reference": 2} | drift)
    found = [drifts_of(pipeline, rows, partitions=p, seed=p) for p in (1, 4, 7)]
    assert found[0] == found[1] == found[2]
    event = found[0][0]
    numbers = [name for name in event.histograms if name not in event.categories]
    for start, end, means, spreads in (
        (event.window_start, event.window_end, event.window_means, event.window_spreads),
        (event.reference_start, event.reference_end, event.reference_means, event.reference_spreads),
    ):
        side = np.concatenate(rows[int(start // 100) : int(end // 100)])[:, 1:].astype(np.float64)
        for name, mean, spread in zip(numbers, means, spreads, strict=True):
            x_N = side[:, "ab".index(name)]
            np.testing.assert_allclose((mean, spread), (np.nanmean(x_N), np.nanstd(x_N)), atol=16 / UNITS)


def test_sketches_from_before_there_were_any_are_told_apart_from_rows_of_zero() -> None:
    pipeline, rows = stream_pipeline(), windows(np.random.default_rng(1))
    sketches = sketched(PLAN, rows)
    told = feed(pipeline, sketches)
    silent = feed(pipeline, [replace(row, moments=None) if n == 5 else row for n, row in enumerate(sketches)])
    assert told[0].window_means
    assert silent[0] == replace(told[0], window_means=(), window_spreads=(), reference_means=(), reference_spreads=())


def test_labels_that_are_classes_have_none_and_their_errors_do() -> None:
    plan = labels_plan(small_pipeline(target={"type": "multiclass", "classes": 9}))
    assert [plan.names[f] for f in plan.measured] == ["error"]
    plan = labels_plan(small_pipeline(target={"type": "regression", "range": [0, 4]}))
    assert [plan.names[f] for f in plan.measured] == ["label", "output", "error"]
