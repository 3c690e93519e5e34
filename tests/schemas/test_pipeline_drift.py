from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.drift_rules import is_of_labels
from schemas.pipeline import Pipeline
from schemas.pipeline_drift import Drift
from tests.models.drift.pipelines import small_pipeline


def with_tests(**columns: str) -> Pipeline:
    return small_pipeline(drift={"tests": {"columns": columns}})


def test_a_file_from_before_there_were_tests_means_what_it_meant() -> None:
    drift = Drift.model_validate({"window": "7d", "reference": 4, "psi": {"watch": 0.15, "act": 0.3}})
    assert (drift.pane, drift.panes) == (7 * 86_400_000, 1)
    assert (drift.tests.numbers, drift.tests.categories, drift.against) == ("psi", "psi", "trailing")
    assert drift.false_alarms is None


def test_a_window_is_made_of_panes_as_long_as_its_slide() -> None:
    drift = Drift.model_validate({"window": "7d", "slide": "1d"})
    assert (drift.pane, drift.panes) == (86_400_000, 7)


@pytest.mark.parametrize("slide", ["2d", "8d"])
def test_a_slide_that_does_not_divide_its_window_is_refused(slide: str) -> None:
    with pytest.raises(ValidationError, match="divide"):
        Drift.model_validate({"window": "7d", "slide": slide})


def test_each_column_may_have_its_test() -> None:
    columns: dict[str, Any] = {"size": "wasserstein", "who": "none", "error": "ks"}
    assert with_tests(**columns).drift.tests.columns == columns


def test_a_column_that_is_none_is_named_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match=r"drift\.tests\.columns\.sice: no such column; did you mean 'size'"):
        with_tests(sice="ks")


def test_a_test_that_needs_an_order_is_refused_for_a_category() -> None:
    with pytest.raises(ValidationError, match=r"drift\.tests\.columns\.who: a category has no order"):
        with_tests(who="ks")


NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
PAIR = "expect_column_pair_values_to_be_equal"


@pytest.mark.parametrize(
    ("expectation", "fault"),
    [
        ({"type": NULL, "column": "sice"}, "no column 'sice'; did you mean 'size'"),
        ({"type": BETWEEN, "column": "who", "min_value": 0}, "'who' must be a number"),
        ({"type": BETWEEN, "column": "size"}, "give `min_value`"),
        ({"type": BETWEEN, "column": "size", "min_value": 2, "max_value": 1}, "must not be above"),
        ({"type": "expect_column_values_to_be_in_set", "column": "size", "value_set": ["x"]}, "must be a category"),
        ({"type": "expect_column_values_to_be_in_set", "column": "who", "value_set": []}, "at least 1 item"),
        ({"type": PAIR, "column_A": "size", "column_B": "error"}, "both must be of the same rows"),
        ({"type": "expect_features_to_be_recent", "max_age": "1h"}, "needs `windows.groups`"),
        ({"type": "expect_the_unexpected"}, "does not match any of the expected tags"),
    ],
)
def test_an_expectation_that_cannot_be_asked_is_refused(expectation: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        small_pipeline(drift={"expectations": [expectation]})


def test_expectations_of_vectors_and_of_labels_are_told_apart_by_their_columns() -> None:
    rules = [{"type": NULL, "column": "size"}, {"type": BETWEEN, "column": "error", "max_value": 0.5}]
    rules += [{"type": "expect_labels_to_arrive_within", "max_delay": "1h"}]
    pipeline = small_pipeline(drift={"expectations": rules})
    assert [is_of_labels(one, ("who", "size")) for one in pipeline.drift.expectations] == [False, True, True]


@pytest.mark.parametrize(
    ("slices", "fault"),
    [
        ({"size": []}, "must be a category of the request"),
        ({"where": []}, "must be a category of the request"),
        ({"who": ["x", "x"]}, "must differ"),
        ({"who": ["web", "kiosk"]}, "have one of 64 codes"),
        ({"who": [f"value-{i}" for i in range(600)]}, "a sketch holds 512"),
    ],
)
def test_slices_that_cannot_be_cut_are_refused(slices: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        small_pipeline(drift={"slices": slices})


def test_joint_tests_need_an_alpha_that_permutations_can_meet() -> None:
    with pytest.raises(ValidationError, match="beside `joint`"):
        Drift.model_validate({"joint": {}, "alpha": 1e-6})


def test_a_file_without_the_later_keys_is_written_as_it_was() -> None:
    assert not {"joint", "expectations", "slices"} & Drift().model_dump().keys()


@pytest.mark.parametrize(
    "bands", [{"psi": {"watch": 0.3}}, {"ks": {"watch": 0.5, "act": 0.2}}, {"quality": {"act": 0.01}}]
)
def test_nothing_is_to_be_acted_upon_before_it_is_watched(bands: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="must not be above `act`"):
        Drift.model_validate(bands)
