"""What all columns together show, and no column alone."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from models.drift.evidence import Evidence
from models.drift.joint import weigh_joint
from models.drift.sketch import predictions_plan
from models.drift.tally import Tally, tally_of
from models.drift.verdict import judge
from schemas.pipeline import Pipeline
from tests.models.drift.scenarios import together
from tests.models.drift.streams import Rows, Table, drifts_of, feed, normal_rows, sketched, stream_pipeline

JOINT = {"rows": 256}


def stream(seed: int, windows: int = 13, since: int = 8) -> list[Rows]:
    random = np.random.default_rng(seed)
    return [together(random, -0.9 if w >= since else 0.9) for w in range(windows)]


def tally(pipeline: Pipeline, x_BF: Rows, window: int = 0) -> Tally:
    plan = predictions_plan(pipeline)
    empty = [x_BF[:0]] * window
    row = sketched(plan, [*empty, x_BF])[-1]
    entry = {"counts": row.counts_N.tolist(), "sample": b64encode(row.sample).decode()}
    return tally_of(plan, [entry], 0, 100)


def weighed(window: Rows, reference: Rows, **drift: Any) -> Evidence:
    pipeline = stream_pipeline(joint=JOINT, **drift)
    sides = tally(pipeline, window), tally(pipeline, reference, window=1)
    return weigh_joint(predictions_plan(pipeline), pipeline.drift, "joint", *sides)


def test_a_change_of_dependence_is_a_joint_drift_of_the_columns_that_together() -> None:
    opened, closed = drifts_of(stream_pipeline(joint=JOINT), stream(0))
    assert (opened.kind, opened.test, opened.id) == ("joint", "mmd", "predictions:joint:800")
    assert set(opened.histograms[:2]) == {"a", "b"}
    assert opened.p_value <= 0.001
    assert (closed.state, closed.pattern, closed.since) == ("closed", "abrupt", 800)


def test_without_the_section_nothing_of_it_is_found_or_kept() -> None:
    table: Table = {}
    pipeline = stream_pipeline()
    assert feed(pipeline, sketched(predictions_plan(pipeline), stream(0)), table) == []
    assert not [key for key in table if key.endswith(":sample")]


@pytest.mark.parametrize("seed", range(2))
def test_the_events_are_the_same_whatever_the_partitioning(seed: int) -> None:
    pipeline = stream_pipeline(joint=JOINT, false_alarms=4)
    expected = drifts_of(pipeline, stream(seed, windows=11))
    assert [d.kind for d in expected] == ["joint"]
    for partitions in (4, 7):
        assert drifts_of(pipeline, stream(seed, windows=11), partitions=partitions, seed=seed) == expected


def test_a_drift_of_one_column_is_one_event_and_not_two() -> None:
    random = np.random.default_rng(1)
    drifts = drifts_of(stream_pipeline(joint=JOINT), [normal_rows(random, a=3.0 * (w >= 8)) for w in range(16)])
    assert {d.kind for d in drifts} == {"covariate"}


def test_a_stream_that_stands_still_has_none() -> None:
    random = np.random.default_rng(2)
    assert drifts_of(stream_pipeline(joint=JOINT), [together(random, 0.9) for _ in range(20)]) == []


def test_p_values_of_windows_that_differ_in_nothing_are_small_no_more_often_than_they_say() -> None:
    found = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        joint = {"rows": 64}
        pipeline = stream_pipeline(joint=joint, alpha=0.01)
        sides = tally(pipeline, together(random, 0.5, 100)), tally(pipeline, together(random, 0.5, 300), window=1)
        found.append(weigh_joint(predictions_plan(pipeline), pipeline.drift, "joint", *sides).p_T)
    assert (np.array(found) <= 0.1).sum(axis=0).max() <= 10, "4 expected of 40; more than 10 once in a thousand"


def test_memory_is_bounded_and_a_pane_takes_its_sample_with_it() -> None:
    pipeline, table = stream_pipeline(joint=JOINT), dict[str, Any]()
    feed(pipeline, sketched(predictions_plan(pipeline), stream(0, windows=12), partitions=3), table)
    panes = [key for key in table if key.endswith("00")]
    assert len([key for key in table if key.endswith(":sample")]) == len([k for k in panes if "tracks" not in k])


CASES: dict[str, tuple[Rows, Rows]] = {
    "constant": (np.zeros((200, 3), np.float32), np.zeros((200, 3), np.float32)),
    "one side constant": (np.zeros((200, 3), np.float32), np.tile(np.array([0, 1, 2], np.float32), (200, 1))),
    "all missing": (np.full((200, 3), np.nan, np.float32), normal_rows(np.random.default_rng(0))),
    "both all missing": (np.full((200, 3), np.nan, np.float32),) * 2,
    "infinite": (np.full((200, 3), np.inf, np.float32), normal_rows(np.random.default_rng(0))),
    "few rows": (normal_rows(np.random.default_rng(0), 20), normal_rows(np.random.default_rng(1))),
    "no rows": (np.zeros((0, 3), np.float32), normal_rows(np.random.default_rng(1))),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", CASES)
def test_bad_cases_give_numbers_or_say_nothing(case: str) -> None:
    with np.errstate(invalid="ignore"):
        found = weighed(*CASES[case])
    assert np.isfinite(found.effect_T).all()
    verdict = judge(found, stream_pipeline(joint=JOINT).drift)
    assert (verdict.severity == "none") == (case not in ("one side constant", "infinite"))


def test_a_column_that_goes_missing_is_left_to_quality() -> None:
    random = np.random.default_rng(3)
    window = normal_rows(random)
    window[:200, 1] = np.nan
    found = weighed(window, normal_rows(random))
    assert judge(found, stream_pipeline(joint=JOINT).drift).severity == "none"
    assert 1 not in found.shown


def test_a_column_without_a_test_is_left_out() -> None:
    random = np.random.default_rng(4)
    found = weighed(together(random, -0.9), together(random, 0.9), tests={"columns": {"a": "none"}})
    assert judge(found, stream_pipeline(joint=JOINT).drift).severity == "none"


def test_unseen_categories_are_a_difference() -> None:
    random = np.random.default_rng(5)
    window, reference = normal_rows(random), normal_rows(random)
    window[:, 0] += 7
    found = weighed(window, reference)
    assert found.shown[0] == 0
    assert judge(found, stream_pipeline(joint=JOINT).drift).severity == "act"
