"""The whole process on a real Kafka and a real Redis, in both ways of delivery."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack import StackAddresses
from adapters.metrics_memory import MemoryMetrics
from adapters.model_store_redis import RedisModelStore
from adapters.publisher import Publisher
from adapters.redis_client import connect
from adapters.tail import Tail
from adapters.topics_admin import apply_topics
from schemas.status import Status
from schemas.topics import topic_name
from services.predictor.main import run
from tests.kafka_topics import await_true
from tests.process_thread import context_of, running
from tests.services.predictor.world import NOON, answers_of, blob, contracts, requests, write_windows

VERSIONS = 5
IDS = [f"r{i}" for i in range(600)]


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_every_request_is_answered_once_while_versions_rise(
    stack: StackAddresses, tmp_path: Path, delivery: str
) -> None:
    name = f"shop-{delivery.replace('_', '-')}"
    known = contracts(name=name, delivery=delivery)
    apply_topics(known.pipeline, stack.bootstrap)
    client = connect(stack.redis_url)
    write_windows(RedisFeatureStore(client), known, NOON)
    store, publisher = RedisModelStore(client, name), Publisher(stack.bootstrap)
    values = requests(known, IDS)
    metrics = MemoryMetrics("predictor")
    context = context_of(known, stack, tmp_path, "predictor", metrics)
    answers: list[dict[str, Any]] = []
    with Tail(stack.bootstrap, [topic_name(name, "predictions")]) as tail, running(run, context):
        share = len(IDS) // VERSIONS
        for version in range(1, VERSIONS + 1):
            assert store.publish(version, store.put(blob(known.layout, version)), "{}")
            await_true(lambda v=version: metrics.value("model_version_number") == v)  # type: ignore[misc]
            for value in values[(version - 1) * share : version * share]:
                publisher.send(topic_name(name, "requests"), b"a0", value)
            publisher.flush()
            deadline = time.monotonic() + 60
            while len(answers) < version * share:
                assert time.monotonic() < deadline, f"{len(answers)} answers"
                for records in tail.read(timeout_s=0.2):
                    answers += answers_of(known, records.values)
    assert Counter(a["request_id"] for a in answers) == Counter(i.encode() for i in IDS)
    assert {a["status"] for a in answers} == {Status.OK}
    in_order = sorted(answers, key=lambda a: IDS.index(a["request_id"].decode()))
    assert [a["version"] for a in in_order] == [1 + i // share for i in range(len(IDS))]
    assert metrics.value("predictions_total", status="ok") == len(IDS)
    client.close()
