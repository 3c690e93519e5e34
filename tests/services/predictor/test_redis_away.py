"""A real Redis is killed and comes back: answers go on, say `degraded`, and are whole again by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from adapters.feature_store_redis import RedisFeatureStore
from adapters.metrics_memory import MemoryMetrics
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from schemas.status import Status
from services.predictor.device import choose_device, loader_for
from services.predictor.job import PredictorJob
from services.predictor.main import FEATURES_TIMEOUT_S, steady_ms
from services.predictor.model_watch import ModelWatch
from services.predictor.window_reader import WindowReader
from tests.redis_process import RedisProcess
from tests.services.predictor.world import NOON, answer_all, blob, column, contracts, requests, write_windows


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


def test_redis_killed_and_back(redis: RedisProcess) -> None:
    known = contracts()
    layout, metrics = known.layout, MemoryMetrics("predictor")
    client, features = connect(redis.url), RedisFeatureStore(connect(redis.url, FEATURES_TIMEOUT_S))
    store = RedisModelStore(client, "shop")
    load = loader_for(choose_device("cpu"), layout)
    watch = ModelWatch(store, load, layout, 8, 5, steady_ms, metrics, structlog.get_logger())
    windows = WindowReader(known.pipeline, layout, features, steady_ms, threading.Event().wait)
    job = PredictorJob(known, windows, watch, metrics, steady_ms)

    def ask() -> list[dict[str, Any]]:
        return answer_all(job, known, requests(known, ["r1", "r2", "r3"]))[0]

    write_windows(features, known, NOON)
    assert store.publish(1, store.put(blob(layout)), "{}")
    watch.start()
    before = ask()
    assert column(before, "status") == [Status.OK] * 3

    redis.kill()
    during = _until(ask, lambda answers: answers[0]["status"] == Status.DEGRADED)
    assert column(during, "version") == [1] * 3
    np.testing.assert_array_equal(column(during, "features"), column(before, "features"))
    np.testing.assert_array_equal(column(during, "output"), column(before, "output"))

    redis.start()
    after = _until(ask, lambda answers: answers[0]["status"] == Status.OK)
    np.testing.assert_array_equal(column(after, "features"), column(before, "features"))
    assert store.publish(2, store.put(blob(layout, seed=1)), "{}")
    assert column(_until(ask, lambda answers: answers[0]["version"] == 2), "status") == [Status.OK] * 3
    watch.close()


def _until(
    ask: Callable[[], list[dict[str, Any]]], reached: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 20
    while not reached(answers := ask()):
        assert len(answers) == 3
        assert time.monotonic() < deadline, f"still {answers[0]['reason']!r}"
        time.sleep(0.01)
    return answers
