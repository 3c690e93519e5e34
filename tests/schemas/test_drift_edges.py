"""`drift.edges` that cannot be used are refused with the key and the cure."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.drift_edges import label_columns
from schemas.pipeline import Pipeline, Target
from schemas.pipeline_drift import Drift
from tests.models.drift.pipelines import small_pipeline


def with_edges(**edges: Any) -> Pipeline:
    return small_pipeline(drift={"bins": 4, "edges": edges})


def test_numbers_of_the_vector_and_of_the_labels_may_have_edges() -> None:
    edges = {"size": (0.5, 1.0, 7.0), "output": (0.1,), "error": (0.01, 0.02)}
    assert with_edges(**edges).drift.edges == edges
    assert "edges" not in Drift().model_dump()


@pytest.mark.parametrize(
    ("edges", "fault"),
    [
        ({"sice": [1]}, r"drift\.edges\.sice: no such column; did you mean 'size'"),
        ({"who": [1]}, r"drift\.edges\.who: a category has no edges"),
        ({"label": [0.5]}, r"drift\.edges\.label: a category has no edges"),
        ({"size": [1, 2, 3, 4]}, r"drift\.edges\.size: 4 edges make 5 bins; give at most 3, or raise `drift.bins`"),
        ({"size": [1, 3, 2]}, r"drift\.edges\.size: 2\.0 follows 3\.0; edges must rise strictly"),
        ({"size": [1, 1]}, "must rise strictly"),
        ({"size": [1, 1.00000001]}, "must rise strictly, as 32-bit floats"),
        ({"size": [0, 1]}, r"drift\.edges\.size: 0\.0 is not inside of the column's range, 0 to 8"),
        ({"size": [1, 8]}, "8.0 is not inside"),
        ({"size": [-3]}, "widen the range"),
        ({"error": [1.5]}, "1.5 is not inside of the column's range, 0 to 1"),
        ({"size": []}, "at least 1 item"),
        ({"size": [float("nan")]}, "finite number"),
        ({"size": [1, float("inf")]}, "finite number"),
        ({"size": ["low"]}, "valid number"),
        ({"size": 3}, "valid tuple"),
    ],
)
def test_edges_that_make_no_bins_are_refused(edges: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        with_edges(**edges)


def test_labels_of_a_regression_have_its_range() -> None:
    target = Target.model_validate({"type": "regression", "range": [-2, 6]})
    assert label_columns(target) == {"label": (0, (-2, 6)), "output": (0, (-2, 6)), "error": (0, (0, 8))}
