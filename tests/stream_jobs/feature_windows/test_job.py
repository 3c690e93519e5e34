"""The whole process on a real Kafka and Redis: stopped in the middle, started again, the vectors are right."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from adapters.context import Context
from adapters.feature_store_redis import RedisFeatureStore
from adapters.health import Health
from adapters.local_stack import StackAddresses
from adapters.logging import process_log
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import FeatureStore
from adapters.publisher import Publisher
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from schemas.contracts import Contracts, contracts_of
from schemas.feature_read import WindowVectors, feature_query, window_vectors
from schemas.topics import topic_name
from stream_jobs.feature_windows.job import run
from tests.stream_jobs.feature_windows.stream import (
    LATENESS,
    PANE,
    SNAPSHOTS,
    encoded_event,
    encoded_progress,
    pipeline,
    random_events,
)
from tests.stream_jobs.feature_windows.window_reference import Event, reference_vector

PARTITIONS = 3
PAIRS = [(p, q) for p in ("a", "b", "c", "unheard") for q in ("x", "y", "")]


def test_vectors_are_right_after_a_restart(stack: StackAddresses, tmp_path: Path) -> None:
    named = pipeline(PARTITIONS).model_copy(update={"pipeline": "windows-on-kafka"})
    contracts, rng = contracts_of(named), random.Random(11)
    apply_topics(named, stack.bootstrap)
    events = random_events(rng, 600, 300)
    with closing(connect(stack.redis_url)) as client:
        store = RedisFeatureStore(client)
        promised = events[300].time - LATENESS
        for part, until in ((events[:300], promised), (events[300:], 400.0 * PANE)):
            publish(stack, contracts, part, until, rng)
            running(stack, contracts, tmp_path, partial(has_closed, store, contracts, until // PANE * PANE))
        check(store, contracts, events, rng)


def publish(stack: StackAddresses, contracts: Contracts, events: list[Event], until: float, rng: random.Random) -> None:
    topic = topic_name(contracts.pipeline.pipeline, "features")
    publisher = Publisher(stack.bootstrap)
    for event in events:
        publisher.send(topic, b"", encoded_event(contracts, event), rng.randrange(PARTITIONS))
    publisher.broadcast(topic, encoded_progress(contracts, until), range(PARTITIONS))
    publisher.flush()


def has_closed(store: FeatureStore, contracts: Contracts, until: float) -> bool:
    return read(store, contracts, until, PAIRS).watermark >= until


def running(stack: StackAddresses, contracts: Contracts, home: Path, reached: Callable[[], bool]) -> None:
    """Run the process until something is reached."""
    log = process_log(contracts.pipeline.pipeline, "feature_windows", 0)
    stop, metrics, failures = threading.Event(), MemoryMetrics("feature_windows"), list[BaseException]()
    context = Context(
        contracts.pipeline, contracts, stack.bootstrap, stack.redis_url, home, 0, "cpu", stop, Health(), metrics, log
    )

    def guarded() -> None:
        try:
            run(context)
        except BaseException as failure:
            failures.append(failure)
            stop.set()

    thread = threading.Thread(target=guarded)
    thread.start()
    deadline = time.monotonic() + 60
    while not reached() and not stop.is_set() and time.monotonic() < deadline:
        stop.wait(0.05)
    owned = metrics.values("assigned_partitions")
    stop.set()
    thread.join()
    assert not failures
    assert reached()
    assert owned == {("feature_windows.fan_out",): PARTITIONS, ("feature_windows.windows",): PARTITIONS}


def read(store: FeatureStore, contracts: Contracts, time_ms: float, pairs: list[tuple[str, str]]) -> WindowVectors:
    columns = {
        "request_time": np.full(len(pairs), time_ms),
        "plane": np.array([p.encode() for p, _ in pairs]),
        "place": np.array([q.encode() for _, q in pairs]),
    }
    query = feature_query(contracts.pipeline, contracts.layout, columns)
    return window_vectors(query, store.read(query.keys))


def check(store: FeatureStore, contracts: Contracts, events: list[Event], rng: random.Random) -> None:
    closed = read(store, contracts, 0.0, PAIRS).watermark
    assert closed == pytest.approx(400 * PANE)
    for pane in range(int(closed) // PANE - SNAPSHOTS, int(closed) // PANE + 1):
        found = read(store, contracts, float(pane * PANE), PAIRS)
        assert not found.stale_B.any()
        assert not found.out_of_reach_B.any()
        for row, (plane, place) in enumerate(PAIRS):
            fields = {"plane": plane, "place": place}
            want = reference_vector(contracts.pipeline, contracts.layout, events, float(pane * PANE), fields)
            np.testing.assert_array_equal(found.x_BW[row], want)
