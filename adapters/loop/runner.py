"""Running a job: sessions, one after the other, until the stop or until too many have failed."""

from __future__ import annotations

import time
from contextlib import closing

from adapters.context import Context
from adapters.loop.client_settings import Identity
from adapters.loop.failures import LoopBroken, RebuildBudget, gave_up
from adapters.loop.options import LoopOptions
from adapters.loop.session import Session
from adapters.ports import Job
from schemas.errors import DependencyError, Fenced


def run_loop(
    context: Context,
    job: Job,
    group: str,
    exactly_once: bool = True,
    max_batch: int = 4096,
    linger_ms: float = 5.0,
    tick_ms: float = 200.0,
) -> None:
    """Run a job between its topics until ``context.stop`` is set. Blocks.

    A batch's outputs, changelog and offsets become final in one transaction (`exactly_once`), or are flushed before the
    offsets are committed. After a failure of Kafka, or a `DependencyError` of the job, everything is thrown away and
    built anew from what is committed, a bounded number of times.

    Parameters
    ----------
    group : str
        ``<pipeline>.<process>``: consumer group, and with ``context.ordinal`` the stem of the stable ids.
    max_batch, linger_ms, tick_ms
        See `LoopOptions`.

    Raises
    ------
    Fenced
        Another process of the same group and ordinal has started.
    DependencyError
        Too many failures in a short time, or no progress although rows wait.
    ConfigurationError
        A topic is missing, or inputs have unequal partition counts.
    Exception
        Whatever a faulty job raises.

    References
    ----------
    KIP-98 and KIP-447 (transactions and their fencing by group metadata), KIP-345 (static membership).
    """
    options = LoopOptions(exactly_once, max_batch, linger_ms, tick_ms)
    identity = Identity(context.bootstrap, group, context.ordinal)
    budget = RebuildBudget()
    while not context.stop.is_set():
        try:
            _run_session(context, job, identity, options)
        except Fenced:
            raise
        except (LoopBroken, DependencyError) as failure:
            _pause(context, budget, failure, identity.instance_id)


def _pause(context: Context, budget: RebuildBudget, failure: Exception, who: str) -> None:
    """Say what failed and wait before everything is built anew; raise if that happened too often."""
    pause_s = budget.spend(time.monotonic())
    if pause_s is None:
        raise gave_up(who, failure) from failure
    context.log.warning("built anew", why=str(failure), pause_s=pause_s)
    context.health.ready(False, f"built anew: {failure}")
    context.metrics.count("rebuilds_total")
    context.stop.wait(pause_s)


def _run_session(context: Context, job: Job, identity: Identity, options: LoopOptions) -> None:
    context.health.beat()
    with closing(Session(context, job, identity, options)) as session:
        while not context.stop.is_set():
            session.beat()
            session.turn()
        session.finish()
