"""A whole loop in memory, run by the real jobs, and its log with something tampered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from adapters.metrics_memory import MemoryMetrics
from adapters.model_store_memory import MemoryModelStore
from adapters.ports import Job
from adapters.whole_log import Span, Spans, Stretch
from adapters.whole_log_memory import MemoryWholeLog
from models.snapshot import decode_model
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline_file import parse_pipeline
from schemas.records import Outgoing
from schemas.topics import Role, topic_name, topic_plans
from schemas.versions import encode_version, manifest_of
from services.learner.effects import Candidate
from services.learner.relearn import relearn
from services.predictor.job import PredictorJob
from services.predictor.serving_model import Serving
from services.predictor.window_reader import WindowReader
from services.verify.main import Relearn, verify_log
from services.verify.report import Report
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.label_join.job import LabelJoin
from tests.services.predictor.world import FixedModels

NAME = "small"
TEXT = f"""
pipeline: {NAME}
topics: {{partitions: 2}}
request:
  entity: shop
  fields:
    shop: {{type: category, buckets: 8}}
    price: {{type: number, range: [-10, 10], missing: reject}}
events:
  sold:
    fields:
      shop: {{type: category}}
      amount: {{type: number, range: [0, 99]}}
windows:
  pane: 1m
  wait: 50ms
  groups: [{{event: sold, key: [shop], value: amount, aggregates: [mean, count], over: [2m]}}]
target: {{type: binary}}
join: {{wait: 1h}}
model: {{kind: tabular_resnet, hidden: 8, blocks: 1, embedding: 2}}
learner: {{batch: 8, cadence: 32, checkpoint: 48, score_window: 40, replay: {{size: 64, mix: 4}}}}
"""
NOON = 1_700_000_040_000.0
Place = tuple[Role, int, int]


@dataclass(frozen=True)
class World:
    """What a run has left. Nobody changes it; tampering is done to what is read of it."""

    contracts: Contracts
    broker: MemoryBroker
    store: MemoryModelStore

    def topic(self, role: Role) -> str:
        return topic_name(NAME, role)

    def places(self, role: Role) -> list[Place]:
        topic = self.topic(role)
        return [(role, p, o) for p in range(self.broker.partitions(topic)) for o in range(self.broker.end((topic, p)))]

    def value(self, place: Place) -> bytes | None:
        role, partition, offset = place
        return self.broker.records(self.topic(role), partition)[offset].value

    def id_at(self, place: Place, record: str) -> str:
        decoded = self.contracts.decode([self.value(place)], (record,))
        (part,) = decoded.parts
        return bytes(part.columns["request_id"][0]).decode()

    def again(self, through: int) -> Iterator[Candidate]:
        return relearn(self.contracts, MemoryPartitionLog(examples_of(self.broker)), through)


class Tampered(MemoryWholeLog):
    """A log in which some records are missing, or have another value."""

    def __init__(self, world: World, gone: frozenset[Place] = frozenset(), other: dict[Place, bytes] | None = None):
        super().__init__(world.broker, 64)
        self._gone = {(world.topic(role), p, o) for role, p, o in gone}
        self._other = {(world.topic(role), p, o): value for (role, p, o), value in (other or {}).items()}

    def read(self, topic: str, spans: Spans, with_keys: bool = False) -> Iterator[Stretch]:
        for found in super().read(topic, spans, with_keys):
            places = [(topic, p, o) for p, o in zip(found.partition_B.tolist(), found.offset_B.tolist(), strict=True)]
            keep = [i for i, place in enumerate(places) if place not in self._gone]
            yield Stretch(
                topic,
                found.partition_B[keep],
                found.offset_B[keep],
                [self._other.get(places[i], found.values[i]) for i in keep],
                [found.keys[i] for i in keep] if with_keys else (),
            )


class Beheaded(MemoryWholeLog):
    """A log of which retention has removed the beginnings of some topics."""

    def __init__(self, world: World, first: dict[Role, int]) -> None:
        super().__init__(world.broker, 64)
        self._first = {world.topic(role): offset for role, offset in first.items()}

    def spans(self, topic: str) -> dict[int, Span]:
        return {p: Span(min(self._first.get(topic, 0), s.end), s.end) for p, s in super().spans(topic).items()}


def examples_of(broker: MemoryBroker) -> MemoryTopics:
    topics = MemoryTopics(topic_name(NAME, "examples"))
    topics.append(*(stored.value for stored in broker.records(topics.topic)))
    return topics


def checked(world: World, log: MemoryWholeLog | None = None, again: Relearn | None = None) -> Report:
    return verify_log(world.contracts, log or MemoryWholeLog(world.broker, 64), world.store, again)


@cache
def world(text: str = TEXT) -> World:
    """Two rounds: what the first teaches answers the second; the last labels wait for answers that never come."""
    contracts = contracts_of(parse_pipeline(text, "small.yaml"))
    broker = MemoryBroker({plan.name: plan.partitions for plan in topic_plans(contracts.pipeline)})
    found = World(contracts, broker, MemoryModelStore())
    models = FixedModels()
    jobs = [(FanOut(contracts, 2, 2), "feature_windows.fan_out"), (_predictor(contracts, models), "predictor")]
    for turn in range(2):
        _send(found, turn)
        for job, group in [*jobs, (LabelJoin(contracts), "label_join")]:
            _run(found, job, group, 0.0)
        _learn(found)
        pointer = found.store.current()
        assert pointer is not None
        blob = found.store.get(pointer.digest)
        models.serving = Serving(pointer.number, bytes.fromhex(pointer.digest), decode_model(blob))
    return found


def resumed(found: World) -> World:
    """The same log once more, for those who write to it."""
    broker = MemoryBroker({plan.name: plan.partitions for plan in topic_plans(found.contracts.pipeline)})
    for plan in topic_plans(found.contracts.pipeline):
        for partition in range(plan.partitions):
            rows = found.broker.records(plan.name, partition)
            keys, values = [s.key for s in rows], [s.value for s in rows]
            broker.append(Outgoing(plan.name, keys, values, partition, [s.headers for s in rows]))
            for group in ("feature_windows.fan_out", "predictor", "label_join", "learner"):
                position = found.broker.position(f"{NAME}.{group}", (plan.name, partition))
                broker.commit(f"{NAME}.{group}", [], {(plan.name, partition): position})
    return replace(found, broker=broker)


def _run(found: World, job: Job, group: str, now_ms: float) -> None:
    run_job_in_memory(job, found.broker, f"{NAME}.{group}", max_batch=16, now_ms=now_ms)


def _predictor(contracts: Contracts, models: FixedModels) -> Job:
    now = [0.0]

    def pause(seconds: float) -> bool:
        now[0] += seconds * 1000
        return False

    windows = WindowReader(contracts.pipeline, contracts.layout, MemoryFeatureStore(), lambda: now[0], pause)
    return PredictorJob(contracts, windows, models, MemoryMetrics("predictor"), lambda: now[0])


def _send(found: World, turn: int, rows: int = 80) -> None:
    """Good requests, labels and events with bad ones of each kind among them."""
    rng, first = np.random.default_rng(turn), turn * rows
    time_B = NOON + 10_000.0 * np.arange(first, first + rows)
    ids = np.array([f"r{i}".encode() for i in range(first, first + rows)])
    shops = np.array([f"s{i % 5}".encode() for i in range(rows)])
    price = rng.uniform(-9, 9, rows)
    price[7] = np.nan
    codec = found.contracts.codec
    requests = codec("Request").encode({"request_time": time_B, "price": price, "shop": shops, "request_id": ids})
    found.broker.send(found.topic("requests"), [*requests, b"junk", None, requests[5]], [*shops, b"x", b"y", shops[5]])
    sold = codec("sold").encode({"event_time": time_B, "amount": np.abs(price), "shop": shops})
    found.broker.send(found.topic("features"), [*sold, b"junk", sold[3][:-1]])
    labelled = np.arange(rows) % 10 != 9
    label = {"label_time": time_B + 60_000, "value": (price > 0) * 1.0, "request_id": ids, "labeller": ids}
    labels = codec("Label").encode({name: column[labelled] for name, column in label.items()})
    strange = codec("Label").encode({**{n: c[:1] for n, c in label.items()}, "request_id": np.array([b"nobody"])})
    keys = [*ids[labelled].tolist(), ids[3], b"nobody", b"z"]
    found.broker.send(found.topic("labels"), [*labels, labels[3], *strange, b"junk"], keys)


def _learn(found: World) -> None:
    broker, versions = found.broker, found.topic("versions")
    announced = broker.end((versions, 0))
    examples = examples_of(broker)
    for candidate in relearn(found.contracts, MemoryPartitionLog(examples)):
        if candidate.number > announced:
            fields = candidate.fields(0, NOON)
            found.store.publish(candidate.number, found.store.put(candidate.blob), manifest_of(fields))
            broker.append(encode_version(found.contracts, fields, candidate.blob))
    broker.commit(f"{NAME}.learner", [], {(found.topic("examples"), 0): len(examples.log)})
