"""From sending a request to reading its answer at a constant rate: the predictor, and copies of the same bytes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from numpy.typing import NDArray

from adapters.local_stack import StackAddresses
from adapters.local_stack.processes import ProcessId, end, spawn
from adapters.supervisor import Supervisor
from adapters.topics_admin import apply_topics
from benchmarks.end_to_end.case import ground_of
from benchmarks.end_to_end.case_predictor import CASE, fill_stores, requests
from benchmarks.end_to_end.rounds import COPY, COPY_IN_TRANSACTIONS, start
from benchmarks.peers import fresh_topics
from schemas.topics import topic_name

TICK_S = 0.001
WARM_S = 0.5
"""Left out at the beginning of each slot."""
PATIENCE_S = 30.0


Milliseconds = dict[str, float]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that answers what is sent to `source` on `target`, in order."""

    source: str
    target: str
    keys: list[bytes]
    values: list[bytes]


@contextmanager
def contenders(most: int, home: Path, addresses: StackAddresses) -> Iterator[dict[str, Contender]]:
    """Start the predictor in both ways of delivery and both copies; all stay up, and only one is sent to at a time."""
    supervisor, copies = Supervisor(home / "logs"), list[ProcessId]()
    found: dict[str, Contender] = {}
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    try:
        for delivery in CASE.deliveries:
            ground = ground_of(CASE.document(), f"latency-{delivery.replace('_', '-')}", delivery, home, addresses)
            apply_topics(ground.contracts.pipeline, addresses.bootstrap)
            fill_stores(ground)
            topics = topic_name(ground.name, "requests"), topic_name(ground.name, "predictions")
            found[delivery] = Contender(*topics, *requests(ground.contracts, most))
            start(supervisor, CASE.process, ground, home)
        for label, flags in ((COPY, []), (COPY_IN_TRANSACTIONS, ["--transactions"])):
            name = f"latency-{label.replace(', ', '-')}"
            topics = f"{name}.from", f"{name}.to"
            fresh_topics(addresses.bootstrap, topics)
            found[label] = Contender(*topics, found[CASE.deliveries[0]].keys, found[CASE.deliveries[0]].values)
            command = [sys.executable, "-m", "benchmarks.end_to_end.copier", addresses.bootstrap, *topics, *flags]
            copies.append(spawn(command, home / "logs" / f"{name}.log", environ))
        yield found
        supervisor.check()
    finally:
        end(copies, PATIENCE_S)
        supervisor.stop()


def warm_up(contender: Contender, bootstrap: str) -> None:
    """Let a contender answer a little, however long its start takes. ValueError if it does not."""
    slot(contender, 200, 20, bootstrap)


def percentiles(ms: NDArray[np.float64]) -> Milliseconds:
    """Median and 99th percentile.

    Examples
    --------
    >>> percentiles(np.arange(101.0))
    {'p50': 50.0, 'p99': 99.0}
    """
    return {f"p{share}": round(float(np.percentile(ms, share)), 2) for share in (50, 99)}


def slot(contender: Contender, rate: int, rows: int, bootstrap: str) -> NDArray[np.float64]:
    """Send so many requests at a constant rate; return the ms until each was answered, in order."""
    reader = _Reader(contender, rows, bootstrap)
    sent_B = _send(contender, rate, rows, bootstrap)
    came_B = reader.result()
    warm = min(rows // 2, int(rate * WARM_S))
    return (came_B - sent_B)[warm:] * 1000


def _send(contender: Contender, rate: int, rows: int, bootstrap: str) -> NDArray[np.float64]:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "enable.idempotence": True, "log_level": 0})
    producer.list_topics(contender.source, 10)
    sent_B, next_row, begun_s = np.zeros(rows), 0, time.perf_counter()
    while next_row < rows:
        due = min(rows, int((time.perf_counter() - begun_s) * rate) + 1)
        for row in range(next_row, due):
            sent_B[row] = time.perf_counter()
            producer.produce(contender.source, contender.values[row], contender.keys[row], 0)
        next_row = due
        producer.poll(0)
        time.sleep(TICK_S)
    producer.flush(10)
    return sent_B


class _Reader:
    """Reads what comes to the target from now on, on a thread of its own, and notes when."""

    def __init__(self, contender: Contender, rows: int, bootstrap: str) -> None:
        self._keys, self._came, self._at_end = contender.keys[:rows], list[float](), threading.Event()
        self._seen = list[bytes | None]()
        settings = {"isolation.level": "read_committed", "enable.partition.eof": True, "fetch.queue.backoff.ms": 1}
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": str(uuid4()), **settings})
        _, high = self._consumer.get_watermark_offsets(TopicPartition(contender.target, 0), 10)
        self._consumer.assign([TopicPartition(contender.target, 0, high)])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._at_end.wait(PATIENCE_S):
            raise ValueError(f"{contender.target} cannot be read")

    def result(self) -> NDArray[np.float64]:
        """When each answer came. ValueError if some did not, or in another order."""
        self._thread.join(PATIENCE_S + 60)
        if self._seen != self._keys:
            raise ValueError(f"{len(self._seen)} answers to {len(self._keys)} requests")
        return np.array(self._came)

    def _run(self) -> None:
        silent_since_s = time.perf_counter()
        while len(self._seen) < len(self._keys) and time.perf_counter() - silent_since_s < PATIENCE_S:
            first = self._consumer.poll(0.1)
            if first is None:
                continue
            messages, now_s = [first, *self._consumer.consume(10_000, 0)], time.perf_counter()
            silent_since_s = now_s
            for message in messages:
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    self._at_end.set()
                elif error is None:
                    self._seen.append(message.key())
                    self._came.append(now_s)
        self._consumer.close()
