"""On real servers: a drift that the watch finds makes the learner retrain from its log, and what comes out serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from adapters.context import Context
from adapters.local_stack import StackAddresses
from adapters.log_search_kafka import KafkaLogSearch
from adapters.model_store_redis import RedisModelStore
from adapters.partition_log_kafka import KafkaPartitionLog
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from models.determinism import make_deterministic
from models.drift.event import Drift
from schemas.contracts import Contracts, contracts_of
from schemas.topics import Role, topic_name
from services.drift.reading import read_drifts
from services.learner.main import run as learn
from services.learner.relearn import relearn
from stream_jobs.drift_watch.job import run as watch
from tests.kafka_topics import await_true, committed_rows, send
from tests.models.drift.pipelines import small_pipeline
from tests.process_thread import context_of, running
from tests.services.learner.rig import example_values
from tests.stream_jobs.drift_watch.traffic import sketches

make_deterministic()
RULE: dict[str, Any] = {"drift": {"kinds": ["covariate"]}, "do": {"retrain": {"last": 128, "passes": 2}}}
BEFORE, AFTER = 1024, 320


class Place:
    """A pipeline of its own on the real servers."""

    def __init__(self, stack: StackAddresses, home: Path) -> None:
        learner = {"batch": 8, "cadence": 64, "checkpoint": 64, "reactions": [RULE]}
        drift = {"window": 100, "reference": 2, "minimum": 20, "bins": 4, "errors": ["error_rate"]}
        model = {"kind": "mlp", "hidden": 8}
        name = f"t{uuid4().hex[:12]}"
        pipeline = small_pipeline(pipeline=name, topics={"partitions": 2}, learner=learner, drift=drift, model=model)
        self.contracts: Contracts = contracts_of(pipeline)
        self.name, self.stack, self._home = name, stack, home
        apply_topics(pipeline, stack.bootstrap)

    @contextmanager
    def loop(self) -> Iterator[Context]:
        """The watch and the learner, which is given."""
        contexts = [context_of(self.contracts, self.stack, self._home, name) for name in ("drift_watch", "learner")]
        with running(watch, contexts[0]), running(learn, contexts[1]):
            yield contexts[1]

    def send(self, role: Role, values: list[bytes]) -> None:
        send(self.stack.bootstrap, topic_name(self.name, role), [(b"k", value) for value in values])

    def drifts(self) -> dict[str, Drift]:
        with closing(KafkaLogSearch(self.stack.bootstrap)) as log:
            return read_drifts(self.contracts, log)

    def versions(self) -> list[tuple[int, str, str]]:
        """Number, digest, and the policy that decided, of all that were announced."""
        values = [value for _, value in committed_rows(self.stack.bootstrap, topic_name(self.name, "versions"), 1)]
        part = self.contracts.decode(values, ("Version",)).part("Version")
        if part is None:
            return []
        told = zip(*(part.columns[name].tolist() for name in ("number", "digest", "gate")), strict=True)
        return [(number, digest.decode(), json.loads(gate)["policy"]) for number, digest, gate in told]

    def commands(self) -> int:
        rows = committed_rows(self.stack.bootstrap, topic_name(self.name, "examples"), 1)
        part = self.contracts.decode([value for _, value in rows], ("Example", "Command")).part("Command")
        return 0 if part is None else len(part.row_N)


def turned(contracts: Contracts, values: list[bytes]) -> list[bytes]:
    """The same examples with the other label."""
    part, _ = contracts.codec("Example").decode(values)
    return contracts.codec("Example").encode({**part.columns, "label": 1.0 - part.columns["label"]})


@pytest.fixture
def place(stack: StackAddresses, tmp_path: Path) -> Place:
    return Place(stack, tmp_path / "home")


def test_a_drift_on_the_topic_is_retrained_for_and_the_version_serves(place: Place) -> None:
    contracts, store = place.contracts, RedisModelStore(connect(place.stack.redis_url), place.name)
    with place.loop():
        place.send("examples", example_values(contracts, BEFORE))
        place.send("sketches", sketches(contracts, range(8), moved=5))
        await_true(lambda: place.commands() > 0)
        assert place.drifts()["predictions:500"].kind == "covariate"
        place.send("examples", turned(contracts, example_values(contracts, AFTER, seed=1, first=BEFORE)))
        await_true(lambda: any(id_.startswith("errors:error_rate:") for id_ in place.drifts()))
        await_true(lambda: len(place.versions()) > (BEFORE + AFTER) // 64)
    versions = place.versions()
    assert [policy for *_, policy in versions].count("retrain") == 1
    with closing(KafkaPartitionLog(place.stack.bootstrap, topic_name(place.name, "examples"), 0)) as log:
        again = list(relearn(contracts, log))
    assert [(version.number, version.digest) for version in again] == [(n, digest) for n, digest, _ in versions]
    assert [version.is_challenger for version in again].count(True) == 1
    current = store.current()
    assert current is not None
    assert (current.number, current.digest) == versions[-1][:2]
    (alarm,) = [drift for drift in place.drifts().values() if drift.source == "errors"]
    assert np.isfinite([alarm.statistic, alarm.threshold]).all()
    assert alarm.statistic > alarm.threshold
    assert 0 < alarm.version <= versions[-1][0]
