"""With a store away, or a model that talks nonsense, answers go on and say how they came about."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.status import Status
from services.predictor.serving_model import Predicts, Serving
from services.predictor.window_reader import LONGEST_PAUSE_MS
from tests.services.predictor.job_world import DIGEST, World
from tests.services.predictor.world import (
    column,
)


def test_with_the_store_away_the_last_known_windows_serve(world: World) -> None:
    fresh = world.ask(3)
    world.store.away = True
    degraded = world.ask(3)
    assert column(degraded, "status") == [Status.DEGRADED] * 3
    np.testing.assert_array_equal(column(degraded, "features"), column(fresh, "features"))
    np.testing.assert_array_equal(column(degraded, "output"), column(fresh, "output"))
    assert world.metrics.value("degraded_ratio") == 1


def test_an_entity_that_was_never_read_is_missing_and_not_empty(world: World) -> None:
    known = world.ask(1, item="new")
    assert known[0]["features"][-1] == 0
    world.store.away = True
    answer, *_ = world.ask(1, item="newer")
    assert answer["status"] == Status.DEGRADED
    assert np.isnan(answer["features"][-2:]).all()


def test_a_store_that_is_away_is_asked_rarely_and_found_again(world: World) -> None:
    world.store.away, before = True, world.store.reads
    for _ in range(100):
        world.ask(1)
        world.now += 10
    assert world.store.reads - before <= 5
    world.store.away = False
    world.now += LONGEST_PAUSE_MS
    assert column(world.ask(2), "status") == [Status.OK] * 2
    assert world.metrics.value("degraded_ratio") == 0


@pytest.mark.parametrize(("trouble", "word"), [("away", b"away"), ("lost", b"lost")])
def test_a_model_store_that_is_away_or_has_lost_its_data_degrades_too(world: World, trouble: str, word: bytes) -> None:
    setattr(world.models, trouble, True)
    answer, *_ = world.ask(1)
    assert (answer["status"], answer["version"]) == (Status.DEGRADED, 7)
    assert b"the model store" in answer["reason"]
    assert word in answer["reason"]
    assert world.metrics.value("degraded_ratio") == 1


class _Nonsense(Predicts):
    def predict_many(self, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
        output_BK = np.full((len(x_BF), 1), 0.5, np.float32)
        output_BK[::2] = np.nan
        return output_BK


def test_nonsense_of_a_model_is_an_error_and_no_prediction(world: World) -> None:
    world.models.serving = Serving(8, DIGEST, _Nonsense())
    answers = {a["request_id"]: a for a in world.ask(4)}
    for i in range(4):
        answer = answers[b"r%d" % i]
        assert answer["status"] == (Status.OK if i % 2 else Status.ERROR)
        assert len(answer["output"]) == i % 2
        assert len(answer["features"]) == world.contracts.layout.width
        assert answer["version"] == 8
