"""A job whose every slip can be seen: it numbers the rows of each key, and keeps the numbers in its changelog."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import structlog

from adapters.context import Context
from adapters.health import Health
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import Batch, Outgoing, Outputs


class CountingJob:
    """Writes ``<n>:<value>`` for the n-th row of a key. A value ``forget`` makes it start at one again."""

    def __init__(self, name: str) -> None:
        self.inputs: tuple[str, ...] = (f"{name}.in.v1",)
        self.changelog: str | None = f"{name}.changelog.v1"
        self.output = f"{name}.out.v1"
        self.counts: dict[int, defaultdict[bytes, int]] = {}
        self.batches: list[Batch] = []

    @property
    def topics(self) -> tuple[str, ...]:
        return (*self.inputs, self.output, *([self.changelog] if self.changelog else []))

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        assert partition not in self.counts, "assigned twice"
        self.counts[partition] = defaultdict(int, {key: int(value) for key, value in changelog})

    def revoke(self, partition: int) -> None:
        del self.counts[partition]

    def process(self, batch: Batch) -> Outputs:
        self.batches.append(batch)
        records = [
            out for r in batch.records for p in sorted(set(r.partition_B.tolist())) for out in self._number(r, p)
        ]
        return Outputs(tuple(records))

    def _number(self, records: object, partition: int) -> list[Outgoing]:
        r = cast("SimpleNamespace", records)
        counts = self.counts[partition]
        keys, values, states = [], [], []
        for row in (r.partition_B == partition).nonzero()[0]:
            key, value = r.keys[row], r.values[row]
            counts[key] = 0 if value == b"forget" else counts[key] + 1
            keys.append(key)
            values.append(b"%d:%s" % (counts[key], value))
            states.append(None if value == b"forget" else b"%d" % counts[key])
        changelog = [Outgoing(self.changelog, keys, states, partition)] if self.changelog else []
        return [Outgoing(self.output, keys, values), *changelog]


def context_for(bootstrap: str, ordinal: int = 0, process: str = "counting") -> Context:
    """A context without a pipeline: the loop itself needs none."""
    nothing = cast("Context", SimpleNamespace(pipeline=None, contracts=None))
    return Context(
        pipeline=nothing.pipeline,
        contracts=nothing.contracts,
        bootstrap=bootstrap,
        redis_url="",
        home=Path("."),
        ordinal=ordinal,
        device="cpu",
        stop=threading.Event(),
        health=Health(),
        metrics=MemoryMetrics(process),
        log=structlog.get_logger(),
    )
