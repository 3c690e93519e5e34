"""A steady load in wall time: event time is now, so many requests a second, with feature events and labels beside."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from adapters.publisher import Publisher
from adapters.tail import Tail
from benchmarks.soak.pipeline import USERS
from schemas.contracts import Contracts
from schemas.topics import topic_name

TICK_S = 0.02
FEATURES_PER_REQUEST, LABELS_PER_REQUEST = 0.5, 0.1
LABEL_AFTER_S = 5.0


@dataclass
class Load:
    """Sends on a thread of its own, at `rate` requests a second, until `stop` is set.

    `sent` counts requests; `latest_s` is by how much a tick was late at most.
    """

    contracts: Contracts
    bootstrap: str
    rate: float
    stop: threading.Event = field(default_factory=threading.Event)
    sent: int = 0
    labelled: int = 0
    latest_s: float = 0.0
    failure: Exception | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop, and wait until all is delivered."""
        self.stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:  # the outermost frame of this thread: what ends it is raised again in `end`
            self._send_until_stopped()
        except Exception as failure:
            self.failure = failure

    def _send_until_stopped(self) -> None:
        publisher, random = Publisher(self.bootstrap), np.random.default_rng(7)
        waiting: deque[tuple[float, bytes, float]] = deque()
        began_s, ticks = time.monotonic(), 0
        while not self.stop.wait(max(0.0, began_s + ticks * TICK_S - time.monotonic())):
            ticks += 1
            self.latest_s = max(self.latest_s, time.monotonic() - began_s - ticks * TICK_S)
            due = round(ticks * TICK_S * self.rate) - self.sent
            self._send_features(publisher, random, int(random.poisson(due * FEATURES_PER_REQUEST)))
            self._send_requests(publisher, random, due, waiting)
            self._send_labels(publisher, waiting)
            publisher.poll()
        publisher.flush()

    def _send_features(self, publisher: Publisher, random: np.random.Generator, count: int) -> None:
        if count:
            users = _users(random, count)
            columns = {"event_time": _now(count), "value": random.normal(0, 2, count).clip(-10, 10), "user": users}
            self._send(publisher, "features", "seen", users.tolist(), columns)

    def _send_requests(
        self,
        publisher: Publisher,
        random: np.random.Generator,
        count: int,
        waiting: deque[tuple[float, bytes, float]],
    ) -> None:
        if not count:
            return
        users, (a, b) = _users(random, count), random.normal(0, 2, (2, count)).clip(-10, 10)
        ids = np.array([b"r%d" % i for i in range(self.sent, self.sent + count)])
        columns = {"request_time": _now(count), "a": a, "b": b, "user": users, "request_id": ids}
        self._send(publisher, "requests", "Request", users.tolist(), columns)
        self.sent += count
        chosen = np.flatnonzero(random.random(count) < LABELS_PER_REQUEST)
        due_s = time.monotonic() + LABEL_AFTER_S
        waiting.extend((due_s, bytes(ids[i]), float(a[i] > b[i])) for i in chosen.tolist())

    def _send_labels(self, publisher: Publisher, waiting: deque[tuple[float, bytes, float]]) -> None:
        due = []
        while waiting and waiting[0][0] <= time.monotonic():
            due.append(waiting.popleft())
        if due:
            ids = [id_ for _, id_, _ in due]
            values = np.array([value for _, _, value in due])
            columns = {"label_time": _now(len(due)), "value": values, "request_id": np.array(ids)}
            columns["labeller"] = np.full(len(due), b"")
            self._send(publisher, "labels", "Label", ids, columns)
            self.labelled += len(due)

    def _send(
        self, publisher: Publisher, role: str, record: str, keys: list[bytes], columns: dict[str, np.ndarray]
    ) -> None:
        topic = topic_name(self.contracts.pipeline.pipeline, role)  # type: ignore[arg-type]
        for key, value in zip(keys, self.contracts.codec(record).encode(columns), strict=True):
            publisher.send(topic, key, value)


class Listener:
    """Reads the answers as an application would, on a thread of its own, and how long each took from its sending."""

    def __init__(self, contracts: Contracts, bootstrap: str) -> None:
        self._contracts = contracts
        self._tail = Tail(bootstrap, [topic_name(contracts.pipeline.pipeline, "predictions")], start="end")
        self._stop = threading.Event()
        self._latencies: deque[np.ndarray] = deque()
        self.answers = 0
        self.statuses = np.zeros(16, np.int64)
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def take(self) -> np.ndarray:
        """Latencies in ms of the answers since the last call."""
        found = [self._latencies.popleft() for _ in range(len(self._latencies))]
        return np.concatenate([np.empty(0), *found])

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._tail.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for records in self._tail.read(timeout_s=0.1):
                now_ms = time.time() * 1000
                for part in self._contracts.decode(records.values, ("Prediction",)).parts:
                    self.answers += len(part.row_N)
                    self.statuses += np.bincount(part.columns["status"], minlength=16)
                    self._latencies.append(now_ms - part.columns["request_time"])


def _users(random: np.random.Generator, count: int) -> np.ndarray:
    return np.array([b"u%d" % i for i in random.integers(USERS, size=count).tolist()])


def _now(count: int) -> np.ndarray:
    return np.full(count, np.floor(time.time() * 1000))
