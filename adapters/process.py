"""The shell of a process: signals, logs, probes, its file, and the context in which its ``run`` works."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from adapters.context import Context
from adapters.health import Health
from adapters.local_stack import StackAddresses
from adapters.local_stack.processes import start_time
from adapters.logging import configure_logging, process_log
from adapters.metrics_memory import MemoryMetrics
from adapters.metrics_prometheus import registry_of
from adapters.probes import probes
from adapters.process_files import ProcessFile, registered
from schemas.contracts import Contracts
from schemas.errors import EXIT_BUG
from schemas.settings import Settings

STUCK_AFTER_S = 300.0
"""A loop that has not turned for so long will not turn again: better to end, and be started anew, than to idle."""

SWITCH_S = 0.0005
"""How long a thread computes while another waits for Python's lock: a transaction takes it at each of its steps while
batches are computed beside it, and with the usual 5 ms each time could cost as much as the transaction."""


@contextmanager
def running(process: str, contracts: Contracts, settings: Settings, addresses: StackAddresses) -> Iterator[Context]:
    """Set up a process and give its context; on leaving, take down what was set up.

    SIGTERM and SIGINT set ``context.stop``; a second one has its usual effect. Only the main thread may call this.
    """
    configure_logging(settings.log_format, settings.log_level)
    metrics = MemoryMetrics(process)
    context = _context(metrics, contracts, settings, addresses)
    registry = registry_of(metrics, lambda: context.health.readiness.ok)
    with (
        _stopped_by_signals(context.stop),
        probes(settings.http_host, settings.http_port, context.health, registry) as port,
        registered(_file(context, process, port), context.home),
        _watchdog(context),
    ):
        sys.setswitchinterval(SWITCH_S)
        context.log.info("started", pid=os.getpid(), probes=f"{settings.http_host}:{port}")
        yield context
        context.log.info("stopped")


@contextmanager
def frozen_setup() -> Iterator[None]:
    """Keep what stands by now, modules for the most part, out of the garbage collector's sight. Blocks briefly.

    A full collection then goes through what batches leave behind, and not through some 200,000 objects that never die:
    seen in the predictor under load, it stopped all threads for 100 ms each time.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()  # else extensions report as leaked, at the end of the process, what was only never collected


def _context(metrics: MemoryMetrics, contracts: Contracts, settings: Settings, addresses: StackAddresses) -> Context:
    return Context(
        pipeline=contracts.pipeline,
        contracts=contracts,
        bootstrap=addresses.bootstrap,
        redis_url=addresses.redis_url,
        home=settings.home.resolve(),
        ordinal=settings.ordinal,
        device=settings.device,
        stop=threading.Event(),
        health=Health(),
        metrics=metrics,
        log=process_log(contracts.pipeline.pipeline, metrics.process, settings.ordinal),
    )


def _file(context: Context, process: str, port: int) -> ProcessFile:
    pid = os.getpid()
    name = context.pipeline.pipeline
    return ProcessFile(name, process, context.ordinal, pid, port, time.time(), start_time(pid))


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in numbers:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        restore()


@contextmanager
def _watchdog(context: Context) -> Iterator[None]:
    """End the process, with the stacks of all threads, when its loop hangs. Armed by the first beat."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            silent_s = context.health.silent_s
            if silent_s > STUCK_AFTER_S:
                context.log.error("stuck: the loop has not turned, the process ends", silent_s=round(silent_s))
                faulthandler.dump_traceback(sys.stderr)
                os._exit(EXIT_BUG)

    threading.Thread(target=watch, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        over.set()
