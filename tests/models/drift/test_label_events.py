"""Drifts of labels and errors: prior and concept are told apart where only one of them is there."""

from __future__ import annotations

import numpy as np
import pytest

from models.drift.event import Drift
from models.drift.sketch import labels_plan
from tests.models.drift.scenarios import answered
from tests.models.drift.streams import Rows, feed, sketched, stream_pipeline

WINDOWS, FROM = 16, 8


def drifts_in(windows: list[Rows]) -> list[Drift]:
    pipeline = stream_pipeline()
    return feed(pipeline, sketched(labels_plan(pipeline), windows), plan_of=labels_plan)


@pytest.mark.parametrize("seed", range(5))
def test_answers_that_turn_bad_are_a_drift_of_the_concept(seed: int) -> None:
    random = np.random.default_rng(seed)
    drifts = drifts_in([answered(random, 0.5, 0.9 if w < FROM else 0.6) for w in range(WINDOWS)])
    assert [(d.kind, d.state, d.id) for d in drifts] == [
        ("concept", "opened", "labels:concept:800"),
        ("concept", "closed", "labels:concept:800"),
    ]
    assert drifts[0].columns == ("error",)


@pytest.mark.parametrize("seed", range(5))
def test_answers_that_get_better_are_no_drift(seed: int) -> None:
    random = np.random.default_rng(seed)
    assert drifts_in([answered(random, 0.5, 0.6 if w < FROM else 0.9) for w in range(WINDOWS)]) == []


@pytest.mark.parametrize("seed", range(5))
def test_other_labels_answered_as_well_are_a_drift_of_the_prior(seed: int) -> None:
    random = np.random.default_rng(seed)
    drifts = drifts_in([answered(random, 0.2 if w < FROM else 0.6, 0.9) for w in range(WINDOWS)])
    assert {d.kind for d in drifts} == {"prior"}
    assert {d.id for d in drifts} == {"labels:800"}
    assert set(drifts[0].columns) == {"label", "output"}


def test_a_label_feed_that_stops_says_nothing_here() -> None:
    """It is the freeze of the learner that says so; a window that never closes has nothing to compare."""
    random = np.random.default_rng(0)
    assert drifts_in([answered(random, 0.5, 0.9) for _ in range(FROM)] + [np.empty((0, 3), np.float32)] * 3) == []


def test_labels_that_are_all_alike_are_no_drift() -> None:
    random = np.random.default_rng(0)
    assert drifts_in([answered(random, 0.0, 0.9) for _ in range(WINDOWS)]) == []
