"""A process of a pipeline on a thread of the test, on real servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.context import Context
from adapters.health import Health
from adapters.local_stack import StackAddresses
from adapters.logging import process_log
from adapters.metrics_memory import MemoryMetrics
from schemas.contracts import Contracts

PATIENCE_S = 60.0


def context_of(
    contracts: Contracts, stack: StackAddresses, home: Path, process: str, metrics: MemoryMetrics | None = None
) -> Context:
    """What `anabranch run` hands to a process, with metrics that can be read."""
    pipeline = contracts.pipeline
    return Context(
        pipeline=pipeline,
        contracts=contracts,
        bootstrap=stack.bootstrap,
        redis_url=stack.redis_url,
        home=home,
        ordinal=0,
        device="cpu",
        stop=threading.Event(),
        health=Health(),
        metrics=metrics or MemoryMetrics(process),
        log=process_log(pipeline.pipeline, process, 0),
    )


@contextmanager
def running(run: Callable[[Context], None], context: Context, may_fail: bool = False) -> Iterator[list[BaseException]]:
    """Run a process while the block runs, then stop it as by SIGTERM.

    Yields what it raised, which is also raised at the end unless it `may_fail`. One that has ended has set `stop`.
    """
    failures: list[BaseException] = []

    def body() -> None:
        try:
            run(context)
        except BaseException as failure:
            failures.append(failure)
        context.stop.set()

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield failures
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "it does not stop"
    if failures and not may_fail:
        raise failures[0]
