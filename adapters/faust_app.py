"""Faust as it must be set up here: the one file that reaches into it, and why.

Seen with faust-streaming 0.15.3, aiokafka 0.14.0 and Kafka 4.1: group membership, fetching, producing, offsets and the
creation of changelog topics work as they are. What does not:

- **read_committed.** Sketches are written in transactions, and Faust reads uncommitted records unless its own exactly
  once is on, which publishes outside of its transactions (faust-streaming issue 177). There is no setting for it, so
  the isolation level is set on the consumer that Faust makes, before it starts.
- **A message in hand counts as done when its agent is cancelled or fails,** and its offset is committed at the end.
  So no more offsets are committed once a consumer is frozen, which `freeze` does.
- **Offsets are committed by runs without a gap,** one a second, and none where a gap comes first. Of a topic that is
  written in transactions nearly every record stands behind a gap, their markers: seen, a watch that had answered 6,700
  sketches and began at the same one after each restart. Our agent takes one message after the other, so whatever is
  below the newest that is done is done too.
- **A member that the group does not know any more joins anew,** though it has a name that a successor may bear by now:
  aiokafka sends that name (KIP-345) only when it joins, so two processes of one name would throw each other out without
  end. So the driver notes that its place is lost and does not ask to be let in again; `has_lost_its_place` tells.
- **A member whom the group refuses waits for ever:** aiokafka keeps the error for whoever asks for records, and Faust
  does not ask before it has partitions. Seen when two processes of one name join at once. `refusal_of` tells.
- **While no broker answers, aiokafka tries and complains thousands of times a second.** Its repeated lines are dropped.
- **Driver by URL.** Faust picks its driver by the scheme of the broker's URL; ours is put in its place.
- **Raw tables.** ``value_type=dict`` cannot be restored from a changelog, so tables hold bytes.
"""

from __future__ import annotations

import logging
import math
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

_SESSION_S = 10.0
_HEARTBEAT_S = 3.0
_LINES_KEPT = 256


class _CommittedThread(driver.AIOKafkaConsumerThread):
    async def on_start(self) -> None:
        await super().on_start()
        inner: Any = self._consumer
        outer: Any = self.consumer
        # Nothing of what it replaces is done: that would be to forget who we were, and to join as somebody new.
        inner._coordinator.reset_generation = outer.lose_place
        inner._coordinator._push_error_to_user = outer.noting_refusal(inner._coordinator._push_error_to_user)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class _CommittedConsumer(driver.Consumer):
    frozen = False
    displaced = False
    refusal = ""

    def lose_place(self) -> None:
        self.frozen = self.displaced = True

    def noting_refusal(self, push: Callable[[Exception], Any]) -> Callable[[Exception], Any]:
        def noted(error: Exception) -> Any:
            self.refusal = repr(error)
            return push(error)

        return noted

    def _new_offset(self, tp: Any) -> int | None:
        done = self._acked[tp]
        newest = max(done, default=None)
        done.clear()
        self._acked_index[tp].clear()
        return None if newest is None else newest + 1

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Gaps need not be known."""

    async def _commit_tps(self, tps: Iterable[Any], start_new_transaction: bool) -> bool:
        return False if self.frozen else await super()._commit_tps(tps, start_new_transaction)

    def _new_consumer_thread(self) -> Any:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class _CommittedTransport(driver.Transport):
    Consumer = _CommittedConsumer


def build_app(
    name: str, bootstrap: str, ordinal: int, replication: int, datadir: Path, loop: AbstractEventLoop
) -> faust.App:
    """Build a Faust app without its web server, its leader topic and its working directory.

    Parameters
    ----------
    name : str
        Consumer group, and the stem of the names of changelog topics.
    bootstrap : str
        ``host:port``, more after commas.
    ordinal : int
        Which replica this is: a static member of the group, so that it has its partitions back at once after a kill.
    replication : int
        Of changelog topics.
    datadir : Path
        Faust wants one even where it keeps nothing in it.
    loop : AbstractEventLoop
        Running.
    """
    datadir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        name,
        broker=[f"kafka://{address}" for address in bootstrap.split(",")],
        loop=loop,
        store="memory://",
        datadir=str(datadir),
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=1,
        topic_replication_factor=replication,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=f"{name}-{ordinal}",
        broker_session_timeout=_SESSION_S,
        broker_heartbeat_interval=_HEARTBEAT_S,
        broker_commit_interval=1.0,
        stream_wait_empty=False,  # else a message that cannot be handled holds up the end for ever
    )
    app.transport = _CommittedTransport(app.conf.broker, app, loop)
    return app


def has_lost_its_place(app: Any) -> bool:
    """Whether the group has gone on without this process."""
    return bool(app.consumer.displaced)


def refusal_of(app: Any) -> str:
    """Why the group does not let this process in, or empty."""
    return str(app.consumer.refusal)


class DropRepeated(logging.Filter):
    """Lets a line pass if the same was not seen within some seconds.

    Examples
    --------
    >>> now = iter([0.0, 0.1, 6.0])
    >>> lines = DropRepeated(5.0, lambda: next(now))
    >>> line = logging.makeLogRecord({"msg": "away"})
    >>> [lines.filter(line) for _ in range(3)]
    [True, False, True]
    """

    def __init__(self, every_s: float = 5.0, steady_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s, self._steady_s = every_s, steady_s
        self._seen: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line may pass."""
        line, now_s = record.getMessage(), self._steady_s()
        if now_s - self._seen.get(line, -math.inf) < self._every_s:
            return False
        if len(self._seen) >= _LINES_KEPT:
            self._seen.clear()
        self._seen[line] = now_s
        return True


def freeze(app: Any) -> None:
    """Let no more offsets be committed."""
    app.consumer.frozen = True
