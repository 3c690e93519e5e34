"""Signs of life, as seen from outside: what comes out of each process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from adapters.feature_store_redis import RedisFeatureStore
from adapters.kafka_client import client_settings
from adapters.local_stack import StackAddresses
from adapters.redis_client import connect
from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from schemas.records import Records
from schemas.status import Status
from schemas.topics import Role, topic_name
from services.replay.watermark import Watermark
from tests.system.chaos.schedule import Target

SIGNS: dict[Role, Target] = {"predictions": "predictor", "examples": "label_join", "versions": "learner"}
EVERY_S = 0.02
AWAY_S = 600.0


@dataclass(slots=True)
class Expected:
    """A sign of life that is waited for: the first that was given after a time, ms since 1970."""

    of: Target
    since_ms: float
    level: float
    seen_ms: float | None = None


class Pulse:
    """Watches a pipeline's outputs on a thread of its own.

    A record counts by the time that its producer gave it, so what a process had sent before it was killed is no sign.
    """

    def __init__(self, contracts: Contracts, addresses: StackAddresses) -> None:
        self._contracts = contracts
        name = contracts.pipeline.pipeline
        self._topics = {topic_name(name, role): target for role, target in SIGNS.items()}
        self._tail = Tail(addresses.bootstrap, list(self._topics), start="end")
        store = RedisFeatureStore(connect(addresses.redis_url, 1.0))
        self._watermark = Watermark(store, contracts.pipeline, AWAY_S)
        quiet = client_settings(addresses.bootstrap)
        self._drift = Consumer({**quiet, "group.id": f"{name}.drift_watch"})
        self._sketches = TopicPartition(topic_name(name, "sketches"), 0)
        self._expected: list[Expected] = []
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def expect(self, of: Target, since_ms: float) -> Expected:
        """Wait for a sign of a process; of a server, for what the predictor gives when it is back."""
        expected = Expected(of, since_ms, self._level(of))
        self._expected.append(expected)
        return expected

    def check(self) -> None:
        """Raise what ended the watching, if something did."""
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._tail.close()
        self._drift.close()

    def _run(self) -> None:
        # The outermost frame of this thread: what ends it is raised again in `check`.
        try:
            while not self._stop.wait(EVERY_S):
                self._look()
        except BaseException as failure:
            self._failure = failure

    def _look(self) -> None:
        for records in self._tail.read(timeout_s=0.05):
            self._see(records)
        for expected in [e for e in self._expected if e.of in ("feature_windows", "drift_watch")]:
            if self._level(expected.of) > expected.level:
                self._saw(expected)

    def _see(self, records: Records) -> None:
        newest_ms = float(records.timestamp_B.max())
        target = self._topics[records.topic]
        for expected in list(self._expected):
            if newest_ms > expected.since_ms and self._is_sign(expected.of, target, records):
                self._saw(expected)

    def _is_sign(self, wanted: Target, given: Target, records: Records) -> bool:
        if given != "predictor" or wanted in ("predictor", "kafka"):
            return wanted == given or (wanted, given) == ("kafka", "predictor")
        return wanted == "redis" and self._has_good_answers(records)

    def _has_good_answers(self, records: Records) -> bool:
        part = self._contracts.decode(records.values, ("Prediction",)).part("Prediction")
        return part is not None and bool((part.columns["status"] == Status.OK).any())

    def _saw(self, expected: Expected) -> None:
        self._expected.remove(expected)
        expected.seen_ms = time.time() * 1000

    def _level(self, of: Target) -> float:
        """How far a process that writes to no topic has come."""
        if of == "feature_windows":
            return self._watermark()
        return self._drift_offset() if of == "drift_watch" else 0.0

    def _drift_offset(self) -> float:
        try:
            (place,) = self._drift.committed([self._sketches], 5.0)
        except (KafkaException, DependencyError):
            return -1.0
        return float(place.offset)
