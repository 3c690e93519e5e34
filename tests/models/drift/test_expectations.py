"""What must hold of the rows of every window, whatever held before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.drift.event import Drift
from models.drift.sketch import labels_plan, predictions_plan
from schemas.pipeline import Pipeline
from tests.models.drift.scenarios import answered
from tests.models.drift.streams import Rows, Table, drifts_of, feed, normal_rows, sketched, stream_pipeline

COMPLETE = {"type": "expect_column_values_to_not_be_null", "column": "a", "mostly": 0.9}
ORDERED = {"type": "expect_column_values_to_be_between", "column": "b", "min_value": -7.5, "max_value": 7.5}


def ruled(*expectations: dict[str, Any], **drift: Any) -> Pipeline:
    return stream_pipeline(expectations=list(expectations), **drift)


def lacking(shares: list[float], seed: int = 0) -> list[Rows]:
    """Windows of which that share of rows has no `a`."""
    random = np.random.default_rng(seed)
    windows = [normal_rows(random) for _ in shares]
    for x_BF, share in zip(windows, shares, strict=True):
        x_BF[random.uniform(size=len(x_BF)) < share, 1] = np.nan
    return windows


def of_rules(drifts: list[Drift]) -> list[Drift]:
    return [d for d in drifts if d.kind == "expectation"]


def test_a_rule_that_fails_is_an_event_until_it_holds_again() -> None:
    pipeline = ruled(COMPLETE, quality={"watch": 0.15, "act": 0.3})
    drifts = of_rules(drifts_of(pipeline, lacking([0.05] * 3 + [0.19] + [0.4] * 3 + [0.05] * 3)))
    assert [(d.state, d.severity, d.since, d.until, d.windows) for d in drifts] == [
        ("opened", "watch", 300, 400, 1),
        ("updated", "act", 300, 500, 2),
        ("closed", "act", 300, 700, 4),
    ]
    assert (drifts[-1].columns, drifts[-1].tests) == (("a",), ("expect_column_values_to_not_be_null",))
    assert drifts[-1].statistic == pytest.approx(0.4, abs=0.08)
    assert {d.id for d in drifts} == {"predictions:expectation:300"}


def test_it_is_told_from_the_first_window_on_without_a_reference() -> None:
    (drift,) = drifts_of(ruled(COMPLETE), lacking([0.5]))
    assert (drift.since, drift.reference_rows, drift.state) == (0, 0, "opened")


def test_chance_is_no_failure() -> None:
    random = np.random.default_rng(1)
    drifts = drifts_of(ruled(COMPLETE), lacking([0.1] * 60, seed=int(random.integers(99))))
    assert of_rules(drifts) == []


def test_of_a_rule_that_all_rows_must_keep_one_is_enough() -> None:
    windows = [normal_rows(np.random.default_rng(2)) for _ in range(6)]
    windows[3][17, 2] = 7.75
    opened, closed = of_rules(drifts_of(ruled(ORDERED), windows))
    assert (opened.since, opened.p_value, opened.statistic, opened.severity) == (300, 0.0, 1 / 400, "watch")
    assert (closed.state, closed.pattern) == ("closed", "blip")


def test_another_rule_that_fails_too_is_told() -> None:
    windows = lacking([0.0] * 2 + [0.3] * 4)
    windows[4][5, 2] = -8
    opened, updated = of_rules(drifts_of(ruled(COMPLETE, ORDERED), windows))
    assert (opened.columns, updated.state, set(updated.columns)) == (("a",), "updated", {"a", "b"})


@pytest.mark.parametrize("partitions", [4, 7])
def test_the_events_are_the_same_whatever_the_partitioning(partitions: int) -> None:
    pipeline, windows = ruled(COMPLETE, ORDERED, false_alarms=5), lacking([0.05] * 5 + [0.3] * 4 + [0.05] * 3)
    windows[6][5, 2] = -8
    expected = drifts_of(pipeline, windows)
    assert len(of_rules(expected)) == 3
    for seed in range(2):
        assert drifts_of(pipeline, windows, partitions=partitions, seed=seed) == expected


def test_rules_do_not_raise_the_bar_of_drifts() -> None:
    windows = [normal_rows(np.random.default_rng(s), a=2.0 * (s >= 12)) for s in range(16)]
    for x_BF in windows[::2]:
        x_BF[0, 2] = 8
    spec: dict[str, Any] = {"false_alarms": 10}
    without = drifts_of(stream_pipeline(**spec), windows)
    assert without
    assert [d for d in drifts_of(ruled(ORDERED, **spec), windows) if d.kind != "expectation"] == without


def test_labels_and_their_delay_may_be_asked_too() -> None:
    late = {"type": "expect_labels_to_arrive_within", "max_delay": "1s", "mostly": 0.5}
    good = {"type": "expect_column_values_to_be_between", "column": "error", "max_value": 0.5, "mostly": 0.8}
    pipeline, random = ruled(late, good), np.random.default_rng(3)
    windows = [answered(random, 0.5, 0.95 if w < 3 else 0.6) for w in range(5)]
    ages = [np.full(400, 2000.0 if w == 1 else 10.0) for w in range(5)]
    drifts = of_rules(feed(pipeline, sketched(labels_plan(pipeline), windows, ages=ages), plan_of=labels_plan))
    assert [(d.state, d.since, d.tests) for d in drifts] == [
        ("opened", 100, ("expect_labels_to_arrive_within",)),
        ("closed", 100, ("expect_labels_to_arrive_within",)),
        ("opened", 300, ("expect_column_values_to_be_between",)),
    ]
    assert drifts[-1].columns == ("error",)


def test_what_cannot_be_asked_says_nothing() -> None:
    pair = {"type": "expect_column_pair_values_a_to_be_greater_than_b", "column_A": "a", "column_B": "b"}
    windows = [np.full((400, 3), np.nan, np.float32)] * 3
    assert drifts_of(ruled(pair), windows) == []


def test_an_event_outlives_a_window_in_which_nothing_could_be_asked() -> None:
    windows = [normal_rows(np.random.default_rng(4)) for _ in range(4)]
    windows[1][:, 2] = 7.75
    windows[2][:, 2] = np.nan
    drifts = of_rules(drifts_of(ruled(ORDERED), windows))
    assert [(d.state, d.since, d.until) for d in drifts] == [("opened", 100, 200), ("closed", 100, 200)]


def test_sketches_that_come_again_change_nothing() -> None:
    pipeline = ruled(COMPLETE)
    sketches = sketched(predictions_plan(pipeline), lacking([0.05] * 3 + [0.4] * 3), partitions=3)
    once: Table = {}
    twice: Table = {}
    expected = feed(pipeline, sketches, once)
    assert feed(pipeline, [row for sketch in sketches for row in (sketch, sketch)], twice) == expected


def test_the_share_of_columns_that_make_a_drift_is_not_asked_of_rules() -> None:
    assert of_rules(drifts_of(ruled(COMPLETE, ORDERED, share=1.0), lacking([0.5])))
