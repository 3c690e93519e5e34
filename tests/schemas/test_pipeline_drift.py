from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

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
