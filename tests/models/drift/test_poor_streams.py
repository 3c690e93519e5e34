"""Poor streams are safe under every setting: what is told of them is finite, and an event that is told is of a kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.event import Drift
from models.drift.sketch import labels_plan, predictions_plan
from tests.models.drift.streams import Rows, drifts_of, feed, normal_rows, sketched, stream_pipeline

ROWS = 80
LACKING = {"type": "expect_column_values_to_not_be_null", "column": "a", "mostly": 0.9}
WRONG = {"type": "expect_column_values_to_be_between", "column": "error", "max_value": 0.5, "mostly": 0.5}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "held": {"false_alarms": 4},
    "sliding": {"window": 300, "slide": 100, "reference": 2},
    "fixed": {"against": "fixed", "tests": {"numbers": "ks", "categories": "chi_squared"}},
    "champion": {"against": "champion", "tests": {"numbers": "wasserstein", "categories": "jensen_shannon"}},
    "joint": {"joint": {"tests": ["mmd", "domain_classifier"], "rows": 64}, "alpha": 0.01},
    "rules": {"expectations": [LACKING, WRONG], "slices": {"who": []}},
}
every_setting = pytest.mark.parametrize("drift", SETTINGS.values(), ids=SETTINGS.keys())


def vectors(kind: str, random: np.random.Generator) -> Rows:
    """A window of one kind of trouble, or of none."""
    x_BF = normal_rows(random, ROWS)
    if kind == "empty":
        return x_BF[:0]
    if kind == "one row":
        return x_BF[:1]
    if kind == "constant":
        x_BF[:] = 3
    elif kind == "all missing":
        x_BF[:] = np.nan
    elif kind == "infinite":
        x_BF[:, 1:] = np.array([np.inf, -np.inf])
    elif kind == "unseen category":
        x_BF[:, 0] = random.integers(30, 64, ROWS)
    return x_BF


def labels(kind: str, random: np.random.Generator) -> Rows:
    """`label`, `output` and `error` of a window, as they go with `vectors`."""
    label_B, output_B = random.integers(0, 2, ROWS), random.random(ROWS)
    x_B3 = np.stack([label_B, output_B, np.abs(label_B - output_B)], axis=1).astype(np.float32)
    if kind in ("empty", "one row"):
        return x_B3[: int(kind == "one row")]
    if kind == "constant":  # one class, and one answer
        x_B3[:] = [1, 0.75, 0.25]
    elif kind == "all missing":
        x_B3[:] = np.nan
    elif kind == "infinite":
        x_B3[:, 1:] = np.inf
    elif kind == "unseen category":  # a class that is none
        x_B3[:, 0] = 7
    return x_B3


KINDS = ("usual", "empty", "one row", "constant", "all missing", "infinite", "unseen category")
streams = st.lists(st.sampled_from(KINDS), min_size=8, max_size=16)


def is_sound(drift: Drift) -> bool:
    numbers = [drift.statistic, drift.threshold, *drift.statistics, *drift.p_values, drift.p_value]
    return bool(np.isfinite(numbers).all() and drift.columns and drift.action and drift.rows > 0)


@every_setting
@settings(max_examples=15, deadline=None)
@given(kinds=streams, seed=st.integers(0, 9), partitions=st.integers(1, 3))
def test_whatever_vectors_come_what_is_told_is_sound(
    drift: dict[str, Any], kinds: list[str], seed: int, partitions: int
) -> None:
    random = np.random.default_rng(seed)
    pipeline = stream_pipeline(minimum=20, **drift)
    windows = [vectors(kind, random) for kind in kinds]
    how: dict[str, Any] = {"partitions": partitions, "champion_of": lambda w: (1 + w // 4, 400.0 * (w // 4))}
    found = feed(pipeline, sketched(predictions_plan(pipeline), windows, **how))
    assert all(map(is_sound, found)), found


@every_setting
@settings(max_examples=15, deadline=None)
@given(kinds=streams, seed=st.integers(0, 9))
def test_whatever_labels_come_what_is_told_is_sound(drift: dict[str, Any], kinds: list[str], seed: int) -> None:
    random = np.random.default_rng(seed)
    pipeline = stream_pipeline(minimum=20, **drift)
    windows, seen = [labels(kind, random) for kind in kinds], [vectors(kind, random) for kind in kinds]
    plan = labels_plan(pipeline)
    found = feed(pipeline, sketched(plan, windows, vectors=seen), plan_of=labels_plan)
    assert all(map(is_sound, found)), found


@every_setting
@pytest.mark.parametrize("kind", ["empty", "one row", "constant", "all missing", "infinite", "unseen category"])
def test_a_stream_that_was_always_poor_does_not_drift(drift: dict[str, Any], kind: str) -> None:
    """Only a rule may complain of it: it compares with nothing."""
    random = np.random.default_rng(1)
    found = drifts_of(stream_pipeline(minimum=20, **drift), [vectors(kind, random) for _ in range(12)])
    assert {d.kind for d in found} <= {"expectation"}
    assert bool(found) == (kind == "all missing" and "expectations" in drift)
