from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.histograms import rows_outside, sketch_rows
from models.drift.sketch import label_rows, labels_plan, predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from tests.models.drift.pipelines import small_pipeline

PLAN = predictions_plan(small_pipeline())
floats = st.floats(-100, 100, width=32) | st.just(float("nan"))
batches = st.integers(0, 30).flatmap(lambda rows: arrays(np.float32, (rows, 2), elements=floats))


def one_group(x_BF: np.ndarray) -> np.ndarray:
    return sketch_rows(PLAN, x_BF, np.zeros(len(x_BF), np.intp), 1)


def test_numbers_fall_in_equal_bins_and_categories_by_their_remainder() -> None:
    x_BF = np.array([[5, 0], [7, 1.9], [4, 2], [0, 7.9], [63, np.nan]], np.float32)
    assert one_group(x_BF)[0].tolist() == [[2, 1, 0, 2, 0], [2, 1, 0, 1, 1]]


def test_values_out_of_range_fall_in_the_outermost_bins() -> None:
    x_BF = np.array([[0, -np.inf], [0, -1], [0, 8], [0, np.inf]], np.float32)
    assert one_group(x_BF)[0, 1].tolist() == [2, 0, 0, 2, 0]


@given(batches, st.integers(0, 30))
def test_the_sketch_of_two_batches_is_the_sum_of_their_sketches(x_BF: np.ndarray, cut: int) -> None:
    assert (one_group(x_BF) == one_group(x_BF[:cut]) + one_group(x_BF[cut:])).all()


@given(batches)
def test_every_row_is_counted_once_in_each_column(x_BF: np.ndarray) -> None:
    assert (one_group(x_BF).sum(axis=2) == len(x_BF)).all()


@given(batches, st.data())
def test_sketches_split_a_batch_by_partition_and_window(x_BF: np.ndarray, data: st.DataObject) -> None:
    count = len(x_BF)
    time_B = data.draw(arrays(np.float64, count, elements=st.integers(0, 350).map(float)))
    partition_B = data.draw(arrays(np.int32, count, elements=st.integers(0, 2)))
    columns = sketch_columns(PLAN, x_BF, SourceRows(partition_B, np.arange(count), time_B, 3))
    groups = list(zip(columns["window_start"].tolist(), columns["partition"].tolist(), strict=True))
    assert groups == sorted({(t // 100 * 100, int(p)) for p, t in zip(partition_B, time_B.tolist(), strict=True)})
    for row, (start, partition) in enumerate(groups):
        mine_B = (partition_B == partition) & (time_B // 100 * 100 == start)
        assert (columns["counts"][row].reshape(2, 5) == one_group(x_BF[mine_B])[0]).all()
        assert columns["rows"][row] == mine_B.sum()
        offsets = np.flatnonzero(mine_B)
        assert (columns["first_offset"][row], columns["last_offset"][row]) == (offsets[0], offsets[-1])
        later = [s for s, p in groups if p == partition and s > start]
        assert columns["watermark"][row] == min([*later[:1], time_B[partition_B == partition].max()])


def test_each_target_has_histograms_of_label_output_and_error() -> None:
    targets: list[tuple[dict[str, Any], int]] = [
        ({"type": "binary"}, 1),
        ({"type": "multiclass", "classes": 9}, 9),
        ({"type": "regression", "range": [0, 4]}, 1),
    ]
    for target, outputs in targets:
        plan = labels_plan(small_pipeline(target=target))
        output_NK = np.full((2, outputs), 0.5, np.float32)
        counts = sketch_rows(plan, label_rows(np.array([1, np.nan]), output_NK), np.zeros(2, np.intp), 1)
        assert counts.sum(axis=2).tolist() == [[2, 2, 2]]
        assert counts[0, 0].tolist() == [0, 1, 0, 0, 1], target
        assert counts[0, 2, -1] == 1, "the error of a label that is missing is missing"


def test_the_error_of_a_class_that_is_none_is_missing() -> None:
    found = label_rows(np.array([0.0, 1.0, 2.0, -1.0]), np.array([[0.25, 0.75]] * 4, np.float32))
    np.testing.assert_array_equal(found[:, 2], np.array([0.75, 0.25, np.nan, np.nan], np.float32))


@given(batches)
def test_rows_out_of_range_are_counted_of_numbers_only(x_BF: np.ndarray) -> None:
    found = rows_outside(PLAN, x_BF, np.zeros(len(x_BF), np.intp), 1)
    assert found.tolist() == [[0, int(((x_BF[:, 1] < 0) | (x_BF[:, 1] > 8)).sum())]]


def test_bounds_themselves_are_in_range() -> None:
    plan = predictions_plan(small_pipeline(drift={"bins": 7}))
    assert rows_outside(plan, np.array([[1, 0], [1, 8]], np.float32), np.zeros(2, np.intp), 1).tolist() == [[0, 0]]
