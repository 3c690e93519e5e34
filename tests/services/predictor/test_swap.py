"""Versions are swapped while requests stream: none is dropped, none waits, and answers tell the truth (I1, I4, I5)."""

from __future__ import annotations

import threading
import time
from collections import Counter

import numpy as np
import structlog

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.metrics_memory import MemoryMetrics
from adapters.model_store_memory import MemoryModelStore
from adapters.ports import Batch
from models.network import NetworkShape, TabularResNet
from models.network_model import NetworkModel
from models.normaliser import Normaliser
from models.protocol import Target
from models.snapshot import decode_model, encode_model
from schemas.contracts import Contracts
from schemas.layout import Layout
from schemas.status import Status
from schemas.topics import topic_name
from services.predictor.device import choose_device, loader_for
from services.predictor.job import PredictorJob
from services.predictor.model_watch import ModelWatch
from services.predictor.serving_model import Predicts
from services.predictor.window_reader import WindowReader
from tests.services.predictor.world import NOON, answers_of, contracts, requests, topics_of, write_windows

VERSIONS = 12


def network(layout: Layout, seed: int) -> bytes:
    """A network whose last layer is not the zero it starts with."""
    category = [(i, b) for i, b in enumerate(layout.buckets) if b]
    numbers = tuple(i for i, b in enumerate(layout.buckets) if not b)
    shape = NetworkShape(numbers, tuple(category), layout.outputs, hidden=32, blocks=1, embedding=4, dropout=0.0)
    net = TabularResNet(shape, seed)
    net.head.reset_parameters()
    target: Target = layout.target
    return encode_model(NetworkModel(shape, target, net, Normaliser(1)), layout.names)[0]


class _Traffic:
    """Sends batches through the job on this thread, as the loop does."""

    def __init__(self, known: Contracts, job: PredictorJob) -> None:
        self.contracts, self.job, self.sent = known, job, 0
        self.values: list[bytes | None] = []

    def batch(self, rows: int = 16) -> None:
        ids = [f"r{self.sent + i}" for i in range(rows)]
        self.sent += rows
        broker, topic = topics_of(self.contracts.pipeline), topic_name("shop", "requests")
        broker.send(topic, requests(self.contracts, ids), timestamp_ms=int(NOON))
        outputs = self.job.process(Batch((broker.read(topic, [(0, 0, rows)]),), NOON))
        self.values += [v for out in outputs.records if out.topic.endswith("predictions.v1") for v in out.values]


def test_a_swap_drops_and_delays_nothing() -> None:
    known, store, features = contracts(), MemoryModelStore(), MemoryFeatureStore()
    layout = known.layout
    write_windows(features, known, NOON)
    loads = threading.Event()
    held = threading.Event()
    load = loader_for(choose_device("cpu"), layout)

    def slow_load(blob: bytes) -> Predicts:
        loads.set()
        assert held.wait(20), "nobody let the loading go on"
        return load(blob)

    clock = lambda: time.perf_counter() * 1000  # noqa: E731
    metrics = MemoryMetrics("predictor")
    watch = ModelWatch(store, slow_load, layout, 64, 1, clock, metrics, structlog.get_logger())
    windows = WindowReader(known.pipeline, layout, features, clock, threading.Event().wait)
    traffic = _Traffic(known, PredictorJob(known, windows, watch, metrics, clock))
    watch.start()
    for number in range(1, VERSIONS + 1):
        loads.clear()
        held.clear()
        assert store.publish(number, store.put(network(layout, number)), "{}")
        assert loads.wait(20)
        for _ in range(5):  # answered while the new version is still loading
            traffic.batch()
            assert (watch.serving.number if watch.serving else 0) == number - 1
        held.set()
        deadline = time.monotonic() + 20
        while watch.serving is None or watch.serving.number < number:
            assert time.monotonic() < deadline, "the version was never swapped in"
            traffic.batch()
    traffic.batch()
    watch.close()

    answers = answers_of(known, traffic.values)
    assert Counter(a["request_id"] for a in answers) == Counter(b"r%d" % i for i in range(traffic.sent))
    versions = [int(a["version"]) for a in answers]
    assert versions == sorted(versions)
    assert set(versions) == set(range(VERSIONS + 1))
    for number in range(1, VERSIONS + 1):
        rows = [a for a in answers if a["version"] == number]
        blob = store.get(bytes(rows[0]["digest"]).hex())
        again = decode_model(blob).predict_many(np.stack([a["features"] for a in rows]))
        np.testing.assert_allclose(np.stack([a["output"] for a in rows]), again, atol=1e-6)
        assert {a["status"] for a in rows} == {Status.OK}
