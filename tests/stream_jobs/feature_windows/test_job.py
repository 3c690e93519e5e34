"""The whole process on a real Kafka and Redis: stopped in the middle, started again, the vectors are right."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import redis

from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack import StackAddresses
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import FeatureStore
from adapters.publisher import Publisher
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from schemas.contracts import Contracts, contracts_of
from schemas.feature_format import pack_header
from schemas.feature_read import WindowVectors, feature_query, window_vectors
from schemas.topics import topic_name
from stream_jobs.feature_windows.job import run
from stream_jobs.feature_windows.rebuild import rebuild_features
from tests.kafka_topics import await_true
from tests.process_thread import context_of, running
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
HEADER = len(pack_header(0, 0))
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
            live(stack, contracts, tmp_path, partial(has_closed, store, contracts, until // PANE * PANE))
        check(store, contracts, events, rng)
        check_rebuild(client, store, contracts, stack)


def check_rebuild(client: redis.Redis, store: FeatureStore, contracts: Contracts, stack: StackAddresses) -> None:
    """All keys gone, and made again from the changelog: the same bytes, but for the tokens in the watermarks."""
    keys = sorted(client.scan_iter(f"anabranch:{contracts.pipeline.pipeline}:*"))
    before, told = store.read(keys), list[tuple[int, int]]()
    client.delete(*keys)
    written = rebuild_features(contracts, stack.bootstrap, store, lambda done, of: told.append((done, of)))
    pairs = {k: (old or b"", new) for k, old, new in zip(keys, before, store.read(keys), strict=True)}
    marks = {k: pairs.pop(k) for k in keys if b":w:" in k}
    assert all(new is not None and new[:12] == old[:12] for old, new in marks.values())
    assert len(marks) == PARTITIONS
    assert {k: new for k, (_, new) in pairs.items() if new} == {k: old for k, (old, new) in pairs.items() if new}
    left_out = [old for old, new in pairs.values() if new is None]
    since_ms = [400 * PANE - int.from_bytes(old[:8], "big") for old in left_out if len(old) > HEADER]
    assert min(since_ms, default=14 * PANE) > 13 * PANE, "only what nobody can ask for any more is left out"
    assert written == sum(new is not None for _, new in pairs.values())
    assert told == [(done, PARTITIONS) for done in range(PARTITIONS + 1)]


def publish(stack: StackAddresses, contracts: Contracts, events: list[Event], until: float, rng: random.Random) -> None:
    topic = topic_name(contracts.pipeline.pipeline, "features")
    publisher = Publisher(stack.bootstrap)
    for event in events:
        publisher.send(topic, b"", encoded_event(contracts, event), rng.randrange(PARTITIONS))
    publisher.broadcast(topic, encoded_progress(contracts, until), range(PARTITIONS))
    publisher.flush()


def has_closed(store: FeatureStore, contracts: Contracts, until: float) -> bool:
    return read(store, contracts, until, PAIRS).watermark >= until


def live(stack: StackAddresses, contracts: Contracts, home: Path, reached: Callable[[], bool]) -> None:
    """Run the process until something is reached."""
    metrics = MemoryMetrics("feature_windows")
    context = context_of(contracts, stack, home, "feature_windows", metrics)
    with running(run, context):
        await_true(lambda: reached() or context.stop.is_set())
        owned = metrics.values("assigned_partitions")
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
