"""What an answer says, and of which pane: the model on the vector that it records, as fresh as the windows allow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schemas.status import Status
from tests.services.predictor.job_world import DIGEST, World
from tests.services.predictor.world import (
    NOON,
    PANE,
    column,
    contracts,
    write_windows,
)


@pytest.mark.parametrize("target", ["binary", "multiclass", "regression"])
def test_an_answer_is_the_models_on_the_vector_that_it_records(target: str) -> None:
    world = World(contracts(target))
    write_windows(world.store, world.contracts, NOON)
    answers = world.ask(5)
    assert column(answers, "status") == [Status.OK] * 5
    assert column(answers, "reason") == [b""] * 5
    x_BF = np.stack(column(answers, "features"))
    np.testing.assert_array_equal(x_BF[:, -2:], [[i % 3, 3] for i in range(5)])
    assert world.models.serving is not None
    again = world.models.serving.model.predict_many(x_BF)
    np.testing.assert_allclose(np.stack(column(answers, "output")), again, atol=1e-6)
    assert column(answers, "version") == [7] * 5
    assert [bytes(d) for d in column(answers, "digest")] == [DIGEST] * 5
    assert column(answers, "features_time") == [NOON] * 5
    assert column(answers, "entity") == [b"a0", b"a1", b"a2", b"a0", b"a1"]


def test_one_round_trip_a_batch(world: World) -> None:
    world.ask(50)
    assert world.store.reads == 1


def test_an_older_request_reads_its_own_pane(world: World) -> None:
    answer, *_ = world.ask(1, NOON - PANE + 1)
    assert answer["features"][-1] == 2
    assert (answer["status"], answer["features_time"]) == (Status.OK, NOON - PANE)


def test_a_request_older_than_the_snapshots_is_stale(world: World) -> None:
    answer, *_ = world.ask(1, NOON - 10 * PANE)
    assert (answer["status"], b"snapshots" in answer["reason"]) == (Status.STALE, True)
    assert np.isnan(answer["features"][-2:]).all()


def test_it_waits_for_the_watermark(world: World) -> None:
    world.while_waiting = lambda: write_windows(world.store, world.contracts, NOON + PANE) if world.now > 20 else None
    answer, *_ = world.ask(1, NOON + PANE)
    assert (answer["status"], answer["features_time"]) == (Status.OK, NOON + PANE)
    assert world.now < world.contracts.pipeline.windows.wait


def test_it_waits_no_longer_than_allowed_and_says_stale(world: World) -> None:
    answer, *_ = world.ask(1, NOON + PANE)
    assert (answer["status"], answer["features_time"]) == (Status.STALE, NOON)
    assert b"windows.wait" in answer["reason"]
    assert world.now == pytest.approx(world.contracts.pipeline.windows.wait, abs=3)


def test_windows_that_stand_still_hold_up_the_traffic_for_twice_the_wait_at_most(world: World) -> None:
    for _ in range(20):
        world.ask(1, NOON + PANE)
    assert world.now <= 2 * world.contracts.pipeline.windows.wait + 20


def test_without_a_model_the_prior_answers_and_says_so() -> None:
    world = World(contracts("multiclass", prior=[0.5, 0.25, 0.25]), seed=None)
    write_windows(world.store, world.contracts, NOON)
    answer, *_ = world.ask(1)
    assert (answer["status"], answer["version"], bytes(answer["digest"])) == (Status.PRIOR, 0, bytes(32))
    np.testing.assert_array_equal(answer["output"], [0.5, 0.25, 0.25])
    assert b"prior" in answer["reason"]
    assert len(answer["features"]) == world.contracts.layout.width


def test_a_pipeline_without_windows_needs_no_store() -> None:
    world = World(contracts(windows=False))
    world.store.away = True
    answer, *_ = world.ask(1)
    assert answer["status"] == Status.OK
    assert math.isnan(answer["features_time"])
    assert world.store.reads == 0
