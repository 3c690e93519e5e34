"""Events a second of both steps of the feature windows, in memory, on a stream like the flights'.

python -m benchmarks.feature_windows [events]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.ports import Batch, Job
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline import NumberField
from schemas.pipeline_file import parse_pipeline
from schemas.records import Outgoing, Records
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.feature_windows.windows import Windows

DAY_MS = 86_400_000.0
BATCH = 4096
ENTITIES = {"origin": 3, "carrier": 16, "dest": 105, "tailnum": 4000}
FILE = Path("pipelines/flights.yaml")


def flights_like(contracts: Contracts, size: int, a_day: int = 1800) -> list[bytes]:
    """Departures and arrivals in event time, `a_day` of them a day, encoded."""
    rng = np.random.default_rng(7)
    times = np.sort(rng.uniform(0, size / a_day * DAY_MS, size)) + 1.3e12
    is_departure = rng.random(size) < 0.5
    values: list[bytes] = [b""] * size
    for event, rows in (("departure", np.flatnonzero(is_departure)), ("arrival", np.flatnonzero(~is_departure))):
        columns: dict[str, NDArray[Any]] = {"event_time": times[rows]}
        for name, field in contracts.pipeline.events[event].fields.items():
            if isinstance(field, NumberField):
                columns[name] = rng.uniform(*field.range, len(rows)).astype(np.float32)
            else:
                names = np.array([f"{name[0]}{i}".encode() for i in range(ENTITIES.get(name, 1000))])
                columns[name] = names[rng.integers(0, len(names), len(rows))]
        for row, value in zip(rows.tolist(), contracts.codec(event).encode(columns), strict=True):
            values[row] = value
    return values


def records(topic: str, values: list[bytes], first: int) -> Records:
    size = len(values)
    offsets = np.arange(first, first + size, dtype=np.int64)
    return Records(
        topic, np.zeros(size, np.int32), offsets, np.zeros(size, np.int64), [None] * size, values, [()] * size
    )


def drive(job: Job, values: list[bytes], batch: int, topic: str) -> tuple[float, list[Outgoing], int]:
    """Run a job over values; returns seconds of processor time, what it sent, and changelog bytes."""
    job.assign(0, ())
    out: list[Outgoing] = []
    started = time.process_time()
    for first in range(0, len(values), batch):
        part = records(topic, values[first : first + batch], first)
        out += job.process(Batch((part,), 0.0)).records
    took = time.process_time() - started
    logged = sum(len(v or b"") for o in out if o.topic == job.changelog for v in o.values)
    return took, out, logged


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    contracts = contracts_of(parse_pipeline(FILE.read_text(), str(FILE)))
    for batch in (256, 1024, BATCH):
        fan_out, store = FanOut(contracts, 1, 1), MemoryFeatureStore()
        windows = Windows(contracts, store)
        share = size if batch == BATCH else size // 4
        values = flights_like(contracts, share)
        first, sent, _ = drive(fan_out, values, batch, fan_out.inputs[0])
        panes = [v for o in sent if o.topic == windows.inputs[0] for v in o.values if v is not None]
        second, _, logged = drive(windows, panes, max(1, len(panes) * batch // share), windows.inputs[0])
        held = store.snapshot()
        print(
            f"batch {batch:>5}: fan_out {share / first:>9,.0f}/s, windows {share / second:>9,.0f}/s, both in turn "
            f"{share / (first + second):>9,.0f}/s; panes {sum(map(len, panes)) / share:,.0f} and changelog "
            f"{logged / share:,.0f} bytes an event; {len(held)} keys, {sum(map(len, held.values())):,} bytes"
        )


if __name__ == "__main__":
    main()
