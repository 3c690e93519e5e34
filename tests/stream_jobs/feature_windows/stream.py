"""A small pipeline with every aggregate, random streams for it, and both jobs run over a broker in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from adapters.ports import Standing
from schemas.contracts import Contracts, contracts_of
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.feature_read import WindowVectors, feature_query, window_vectors
from schemas.pipeline import Aggregate, Pipeline
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.feature_windows.windows import Windows
from tests.stream_jobs.feature_windows.window_reference import Event

PANE = 1000
LATENESS = 2500
SNAPSHOTS = 5
DEAD = "w.dead-letters.v1"
BOTH = {"plane": "plane", "place": "airport"}


def pipeline(partitions: int = 1, lateness: int = LATENESS) -> Pipeline:
    number = {"type": "number", "range": [-100, 3000]}
    category = {"type": "category", "buckets": 8}
    return Pipeline.model_validate(
        {
            "pipeline": "w",
            "topics": {"partitions": partitions},
            "request": {"entity": "plane", "fields": {"plane": category, "place": category}},
            "events": {
                "landed": {"fields": {"plane": category, "airport": category, "delay": number, "late": number}},
                "weather": {"fields": {"place": category, "wind": number}},
            },
            "windows": {
                "pane": PANE,
                "lateness": lateness,
                "snapshots": SNAPSHOTS,
                "max_jump": "1h",
                "groups": [
                    group("landed", ["plane"], "delay", list(get_args(Aggregate)), [2000, 7000]),
                    group("landed", {"place": "airport"}, "delay", ["mean", "last"], [3000]),
                    group("landed", {"place": "airport"}, "late", ["decayed_mean", "max"], [1000]),
                    group("weather", ["place"], "wind", ["min", "age"], [4000]),
                    group("landed", BOTH, "late", ["count", "decayed_count"], [1000, 5000]),
                ],
            },
            "target": {"type": "binary"},
            "join": {"wait": "1h"},
        }
    )


def group(event: str, key: object, value: str, aggregates: list[str], over: list[int]) -> dict[str, object]:
    return {"event": event, "key": key, "value": value, "aggregates": aggregates, "over": over}


def random_events(rng: random.Random, size: int, panes: int) -> list[Event]:
    """Events in the order they are sent: never later than the lateness behind the newest."""
    made = []
    for _ in range(size):
        time = rng.uniform(0, panes * PANE) if rng.random() < 0.7 else float(rng.randrange(panes) * PANE)
        delay, late = (rng.choice([float("nan"), 0.0, -0.0, -3.5, 2999.9, rng.uniform(-99, 900)]) for _ in range(2))
        if rng.random() < 0.7:
            fields: dict[str, str | float] = {
                "plane": rng.choice("abc"),
                "airport": rng.choice(["x", "y", ""]),
                "delay": delay,
                "late": late,
            }
            made.append(Event("landed", time, fields))
        else:
            made.append(Event("weather", time, {"place": rng.choice("xy"), "wind": delay}))
    order = {id(e): e.time + rng.random() * (LATENESS - 1) for e in made}
    rounded = [Event(e.event, e.time, {k: _float32(v) for k, v in e.fields.items()}) for e in made]
    return [r for _, r in sorted(zip((order[id(e)] for e in made), rounded, strict=True), key=lambda p: p[0])]


def _float32(value: str | float) -> str | float:
    return value if isinstance(value, str) else float(np.float32(value))


def encoded_event(contracts: Contracts, event: Event) -> bytes:
    columns = {
        name: np.array([value.encode()]) if isinstance(value, str) else np.array([value], np.float32)
        for name, value in event.fields.items()
    }
    return contracts.codec(event.event).encode({"event_time": np.array([event.time]), **columns})[0]


def encoded_progress(contracts: Contracts, time: float) -> bytes:
    return contracts.codec("Progress").encode({"event_time": np.array([time])})[0]


@dataclass
class Shots(MemoryFeatureStore):
    """A store that keeps what it held each time a watermark was written."""

    taken: list[dict[bytes, bytes]] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        super().__init__(lambda: self.now_s)

    def advance(self, key: bytes, standing: Standing, mark: bytes, after_ms: int = 0) -> bool:
        moved = super().advance(key, standing, mark, after_ms)
        self.taken.append(self.snapshot())
        return moved


@dataclass
class World:
    """Both jobs over a broker in memory."""

    contracts: Contracts
    sources: int
    owners: int
    store: Shots = field(default_factory=Shots)
    broker: MemoryBroker = field(init=False)
    fingerprint: int = field(init=False)

    def __post_init__(self) -> None:
        topics = {"features": self.sources, "clock-changelog": self.sources, "panes": self.owners}
        topics |= {"windows-changelog": self.owners, "dead-letters": 1}
        self.broker = MemoryBroker({f"w.{role}.v1": n for role, n in topics.items()})
        self.fingerprint = windows_fingerprint(self.contracts.pipeline, self.contracts.layout)

    def send(self, values: Sequence[bytes], partition: int) -> None:
        self.broker.send("w.features.v1", values, partition=partition)

    def send_all(self, events: Sequence[Event], rng: random.Random, until: float) -> None:
        for event in events:
            self.send([encoded_event(self.contracts, event)], rng.randrange(self.sources))
        for partition in range(self.sources):
            self.send([encoded_progress(self.contracts, until)], partition)

    def fan_out(self, rng: random.Random | None = None, crashes: Sequence[int] = (), now_ms: float = 0.0) -> None:
        job = FanOut(self.contracts, self.sources, self.owners)
        run_job_in_memory(job, self.broker, "fan_out", max_batch=16, rng=rng, crashes=crashes, now_ms=now_ms)

    def windows(self, rng: random.Random | None = None, crashes: Sequence[int] = ()) -> None:
        job = Windows(self.contracts, self.store)
        run_job_in_memory(job, self.broker, "windows", max_batch=16, rng=rng, crashes=crashes)

    def letters(self) -> list[str]:
        values = [s.value for s in self.broker.records(DEAD)]
        part = self.contracts.decode(values, ("DeadLetter",)).part("DeadLetter")
        return [] if part is None else [r.decode() for r in part.columns["reason"].tolist()]

    def read(self, held: dict[bytes, bytes], time: float, plane: str, place: str) -> WindowVectors:
        """Ask for a vector as a predictor would; the watermark is the least over the owners."""
        columns = {
            "request_time": np.array([time]),
            "plane": np.array([plane.encode()]),
            "place": np.array([place.encode()]),
        }
        layout = self.contracts.layout
        query = feature_query(pipeline(self.owners), layout, columns, self.fingerprint)
        return window_vectors(query, [held.get(key) for key in query.keys])

    def closed(self, held: dict[bytes, bytes]) -> list[float]:
        """End of the newest closed pane of each owner, ms."""
        keys = [f"anabranch:w:w:{p}".encode() for p in range(self.owners)]
        return [unpack_watermark(held.get(key), self.fingerprint) for key in keys]


def world(sources: int = 1, owners: int = 1, lateness: int = LATENESS) -> World:
    return World(contracts_of(pipeline(1, lateness)), sources, owners)
