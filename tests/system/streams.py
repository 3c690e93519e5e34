"""Streams for the system tests: real ones where they are, and generated ones."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from schemas.source import EventKind, SourceEvent

ROOT = Path(__file__).resolve().parents[2]
ELEC2 = ROOT.parent / "shared" / "data" / "elec2.csv.gz"
HALF_HOUR_MS = 1_800_000
START_MS = 831_600_000_000  # 8 May 1996, when the data begin
NUMBERS = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")


def electricity(rows: int, delay_rows: int) -> list[SourceEvent]:
    """Elec2 in its own order, a row each half hour, labels `delay_rows` half hours late."""
    if not ELEC2.exists():
        pytest.skip("the Elec2 stream is not beside the project")
    with gzip.open(ELEC2, "rt") as file:
        table = [row for _, row in zip(range(rows), csv.DictReader(file), strict=False)]
    events: list[SourceEvent] = []
    for i, row in enumerate(table):
        now = START_MS + i * HALF_HOUR_MS
        fields: dict[str, float | str] = {name: float(row[name]) for name in NUMBERS}
        request: dict[str, float | str] = {"market": "nsw", "day": row["day"], **fields}
        settled: dict[str, float | str] = {
            "market": "nsw",
            "price": float(row["nswprice"]),
            "demand": float(row["nswdemand"]),
        }
        events.append(_event(now, "request", "request", f"e{i}", request))
        events.append(_event(now + 1, "feature", "settled", f"s{i}", settled))
        label = {"label": float(row["label"])}
        events.append(_event(now + 2 + delay_rows * HALF_HOUR_MS, "label", "label", f"e{i}", label))
    return in_order(events)


GENERATED = """
pipeline: {name}
topics: {{partitions: {partitions}}}
request:
  entity: user
  fields:
    user: {{type: category, buckets: 64}}
    a: {{type: number, range: [-10, 10]}}
    b: {{type: number, range: [-10, 10]}}
events:
  seen:
    fields:
      user: {{type: category}}
      value: {{type: number, range: [-10, 10]}}
windows:
  pane: 1m
  snapshots: 64
  wait: 5s
  idle_after: 1h
  groups:
    - event: seen
      key: [user]
      value: value
      aggregates: [count, sum, mean, min, max, decayed_mean, decayed_count, last, age]
      over: [5m, 30m]
target: {target}
join: {{wait: 2h, early: 1m}}
model: {{kind: {model}, hidden: 16, blocks: 1, embedding: 2, optimiser: {{rate: 0.01}}}}
learner: {{batch: 16, cadence: 128, score_window: 200, replay: {{kind: reservoir, size: 500, mix: 16}}}}
replay: {{source: "tests.system.streams:generated", max_model_lag: 5m}}
"""


def strict_text(name: str, partitions: int = 2) -> str:
    """The generated pipeline, strict about what may be missing."""
    target = "{type: multiclass, classes: 3}"
    data = yaml.safe_load(GENERATED.format(name=name, partitions=partitions, target=target, model="tabular_resnet"))
    data["join"] |= {"wait": "15m"}
    for required in ("a", "user"):
        data["request"]["fields"][required]["missing"] = "reject"
    return yaml.safe_dump(data, sort_keys=False)


def generated(rows: int, target: str, seed: int = 7) -> Iterator[SourceEvent]:
    """A stream whose answer hangs on a request's numbers and on what was last seen of its user."""
    random = np.random.default_rng(seed)
    seen: dict[str, float] = {}
    events: list[SourceEvent] = []
    for i in range(rows):
        now = START_MS + i * 2_000
        user = f"u{random.integers(20)}"
        value = _number(random.normal(0, 3))
        seen[user] = value
        events.append(_event(now, "feature", "seen", f"f{i}", {"user": user, "value": value}))
        who = f"u{random.integers(20)}"
        a, b = (_number(x) for x in random.normal(0, 2, 2))
        events.append(_event(now + 500, "request", "request", f"r{i}", {"user": who, "a": a, "b": b}))
        truth = a - b + 0.5 * seen.get(who, 0.0)
        label: dict[str, float] = {
            "binary": float(truth > 0),
            "multiclass": float(np.digitize(truth, [-2, 2])),
            "regression": truth,
        }
        events.append(
            _event(now + 60_000 + int(random.integers(600_000)), "label", "label", f"r{i}", {"label": label[target]})
        )
    return iter(in_order(events))


def _number(value: float) -> float:
    """A number that a float32 can carry, within the declared range."""
    return float(np.float32(min(10.0, max(-10.0, value))))


def in_order(events: list[SourceEvent]) -> list[SourceEvent]:
    """Sort by event time, keeping the order of equal times."""
    return sorted(events, key=lambda event: event.time_ms)


def _event(time_ms: int, kind: EventKind, record: str, id: str, fields: Mapping[str, float | str]) -> SourceEvent:
    return SourceEvent(time_ms, kind, record, id, dict(fields))
