"""The batch loop beside a bare copy, in interleaved rounds: ``python -m benchmarks.loop BOOTSTRAP``."""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import structlog

from adapters.context import Context
from adapters.health import Health
from adapters.loop import run_loop
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import Batch, Outgoing, Outputs
from benchmarks.peers import copy_plain, copy_transactional, fill, fresh_topics

Rate = Callable[[str, str, str, int, int], float]


class CopyJob:
    """Passes rows on as they are."""

    changelog: str | None = None

    def __init__(self, source: str, target: str, rows: int, done: threading.Event) -> None:
        self.inputs: tuple[str, ...] = (source,)
        self._target = target
        self._left = rows
        self._done = done
        self.begun_s = 0.0

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Nothing to restore."""

    def revoke(self, partition: int) -> None:
        """Nothing to forget."""

    def process(self, batch: Batch) -> Outputs:
        if batch.records:
            self.begun_s = self.begun_s or time.perf_counter()
        self._left -= sum(len(r.values) for r in batch.records)
        if self._left <= 0:
            self._done.set()  # the loop then commits what is in flight and returns
        return Outputs(tuple(Outgoing(self._target, r.keys, r.values) for r in batch.records))


def loop_rate(exactly_once: bool) -> Rate:
    def rate(bootstrap: str, source: str, target: str, rows: int, batch: int) -> float:
        context = _context(bootstrap)
        job = CopyJob(source, target, rows, context.stop)
        ended_s: list[float] = []
        metrics = cast("MemoryMetrics", context.metrics)
        watcher = threading.Thread(target=_await_committed, args=(metrics, source, rows, ended_s))
        watcher.start()
        run_loop(context, job, str(uuid4()), exactly_once, max_batch=batch)
        watcher.join()
        return rows / (ended_s[0] - job.begun_s)

    return rate


def _await_committed(metrics: MemoryMetrics, source: str, rows: int, ended_s: list[float]) -> None:
    while metrics.value("rows_total", role=source) < rows:
        time.sleep(0.002)
    ended_s.append(time.perf_counter())


def _context(bootstrap: str) -> Context:
    nothing: Any = SimpleNamespace()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    return Context(
        pipeline=nothing,
        contracts=nothing,
        bootstrap=bootstrap,
        redis_url="",
        home=Path("."),
        ordinal=0,
        device="cpu",
        stop=threading.Event(),
        health=Health(),
        metrics=MemoryMetrics("copy"),
        log=structlog.get_logger(),
    )


CONTENDERS: dict[str, Rate] = {
    "copy": copy_plain,
    "copy, transactions": copy_transactional,
    "loop, at least once": loop_rate(exactly_once=False),
    "loop, exactly once": loop_rate(exactly_once=True),
}


def measure(bootstrap: str, rows: int, batch: int, rounds: int) -> dict[str, float]:
    """Median rows a second of each contender; within a round each runs once."""
    source = f"bench-{uuid4()}"
    fresh_topics(bootstrap, [source])
    fill(bootstrap, source, rows)
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, rate in CONTENDERS.items():
            target = f"bench-{uuid4()}"
            fresh_topics(bootstrap, [target])
            rates[name].append(rate(bootstrap, source, target, rows, batch))
    return {name: statistics.median(found) for name, found in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"rows a second, median of {arguments.rounds} interleaved rounds, and its share of the bare copy")
    for batch, rows in ((256, 100_000), (1024, 200_000), (4096, 300_000)):
        found = measure(arguments.bootstrap, rows, batch, arguments.rounds)
        for name, rate in found.items():
            print(f"{batch:5} a commit  {name:20} {rate:9,.0f}  {rate / found['copy']:.2f}")


if __name__ == "__main__":
    main()
