"""Columns made of others: what holds of a row, and the error within a slice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from models.drift.derived import Rule, Seen, codes_of, slices_of, with_derived
from models.drift.histograms import sketch_rows
from models.drift.sketch import label_rows, labels_plan, predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from schemas.pipeline_drift_expectations import DIMENSIONS, Expectation
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.streams import stream_pipeline

NAN = float("nan")
PAIR = {"column_A": "a", "column_B": "b"}
CASES: list[tuple[dict[str, Any], list[float], list[float]]] = [
    ({"type": "expect_column_values_to_not_be_null", "column": "a"}, [1, NAN, np.inf], [0, 1, 0]),
    (
        {"type": "expect_column_values_to_be_between", "column": "a", "min_value": 0.1, "max_value": 2},
        [0.1, 2, 2.1, 0, NAN, np.inf],
        [0, 0, 1, 1, NAN, 1],
    ),
    ({"type": "expect_column_values_to_be_between", "column": "a", "max_value": 2}, [-np.inf, 3], [0, 1]),
]


def values_of(expectation: dict[str, Any], *columns: list[float], codes: tuple[float, ...] = ()) -> list[float]:
    x_BF = np.array(columns, np.float32).T
    found: Expectation = TypeAdapter(Expectation).validate_python(expectation)
    seen = Seen(x_BF, x_BF, x_BF[:, 0].astype(np.float64))
    asked = () if "recent" in found.type or "arrive" in found.type else tuple(range(len(columns)))
    return [float(value) for value in Rule(found, asked, codes).values(seen)]


@pytest.mark.parametrize(("expectation", "column", "fails"), CASES)
def test_a_rule_fails_holds_or_cannot_be_asked(
    expectation: dict[str, Any], column: list[float], fails: list[float]
) -> None:
    np.testing.assert_array_equal(values_of(expectation, column), fails)


def test_a_category_is_one_of_a_set_by_its_code() -> None:
    rule = {"type": "expect_column_values_to_be_in_set", "column": "who", "value_set": ["x", "y"]}
    codes = codes_of(("x", "y"), 64)
    other = next(code for code in range(64) if code not in codes)
    np.testing.assert_array_equal(values_of(rule, [*codes, other, NAN], codes=codes), [0, 0, 1, NAN])


def test_pairs_are_asked_where_both_are_there() -> None:
    a, b = [1.0, 2.0, 2.0, NAN, np.inf], [2.0, 2.0, 1.0, 1.0, np.inf]
    greater = {"type": "expect_column_pair_values_a_to_be_greater_than_b", **PAIR}
    np.testing.assert_array_equal(values_of(greater, a, b), [1, 1, 0, NAN, 1])
    np.testing.assert_array_equal(values_of({**greater, "or_equal": True}, a, b), [1, 0, 0, NAN, 0])
    equal = {"type": "expect_column_pair_values_to_be_equal", **PAIR}
    np.testing.assert_array_equal(values_of(equal, a, b), [1, 0, 1, NAN, 0])
    np.testing.assert_array_equal(values_of({**equal, "tolerance": 1.0}, a, b), [0, 0, 0, NAN, 0])


def test_what_was_not_read_is_not_recent() -> None:
    recent = {"type": "expect_features_to_be_recent", "max_age": "1s"}
    assert values_of(recent, [0, 1000, 1001, NAN]) == [0, 0, 1, 1]
    arriving = {"type": "expect_labels_to_arrive_within", "max_delay": "1s"}
    assert values_of(arriving, [-5, 1000, 1001]) == [0, 0, 1]


def test_every_dimension_has_an_expectation() -> None:
    assert set(DIMENSIONS.values()) == {"completeness", "validity", "consistency", "accuracy", "timeliness"}


@pytest.mark.parametrize("values", [("x", "y"), ()])
def test_every_row_lies_in_exactly_one_slice_of_a_category(values: tuple[str, ...]) -> None:
    code_B = np.append(np.arange(64), np.nan).astype(np.float32)
    error_B = np.linspace(0, 1, 65).astype(np.float32)
    seen = Seen(error_B[:, None], code_B[:, None], np.zeros(65))
    cut = np.stack([one.values(seen) for one in slices_of("who", 0, 64, values, 16, error=0)])
    assert (np.isfinite(cut).sum(axis=0) == 1).all()
    np.testing.assert_array_equal(np.nansum(cut, axis=0), error_B)


def test_an_error_that_is_none_is_missing_in_its_slice() -> None:
    plan = labels_plan(small_pipeline(drift={"slices": {"who": ["x"]}}))
    x_N3 = label_rows(np.array([np.nan, 1.0]), np.full((2, 1), 0.25, np.float32))
    vector_NV = np.array([[codes_of(("x",), 64)[0], 1.0]] * 2, np.float32)
    columns = sketch_columns(
        plan, x_N3, SourceRows(np.zeros(2, np.int64), np.arange(2), np.zeros(2), 1, vector_BV=vector_NV)
    )
    counts_FB = columns["counts"][0].reshape(len(plan.names), -1)
    assert counts_FB.sum(axis=1).tolist() == [2] * 6
    assert counts_FB[:, -1].tolist() == [1, 0, 1, 1, 2, 2], "label, output, error, and the error of x, others, none"


def test_derived_columns_merge_as_all_others_do() -> None:
    rule = {"type": "expect_column_values_to_not_be_null", "column": "a"}
    plan = predictions_plan(stream_pipeline(expectations=[rule]))
    x_BF = np.random.default_rng(0).normal(0, 1, (50, 3)).astype(np.float32)
    x_BF[::7, 1] = np.nan

    def sketch(rows_BF: np.ndarray) -> np.ndarray:
        seen = Seen(rows_BF, rows_BF, np.zeros(len(rows_BF)))
        return sketch_rows(plan, with_derived(plan.derived, seen), np.zeros(len(rows_BF), np.intp), 1)

    assert (sketch(x_BF) == sketch(x_BF[:20]) + sketch(x_BF[20:])).all()
    assert sketch(x_BF)[0, -1, -2] == np.isnan(x_BF[:, 1]).sum()


def test_a_file_without_them_makes_the_sketches_it_made() -> None:
    plan = predictions_plan(stream_pipeline())
    assert (plan.derived, plan.width, len(plan.names)) == ((), 3, 3)
