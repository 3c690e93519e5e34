"""A Faust app as it must be set up here.

With `adapters/faust_consumer.py`, which says what must be otherwise in its consumer, it is what reaches into Faust.

- **While no broker answers, aiokafka tries and complains thousands of times a second.** Its repeated lines are dropped.
- **Driver by URL.** Faust picks its driver by the scheme of the broker's URL; ours is put in its place.
- **Raw tables.** ``value_type=dict`` cannot be restored from a changelog, so tables hold bytes.
"""

from __future__ import annotations

import logging
import math
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust

from adapters.faust_consumer import CommittedTransport

_SESSION_S = 10.0
_HEARTBEAT_S = 3.0
_LINES_KEPT = 256


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
    app.transport = CommittedTransport(app.conf.broker, app, loop)
    return app


def has_lost_its_place(app: Any) -> bool:
    """Whether the group has gone on without this process."""
    return bool(app.consumer.displaced)


def refusal_of(app: Any) -> str:
    """Why the group does not let this process in, or empty."""
    return str(app.consumer.refusal)


def work_of(app: Any) -> str:
    """What changes when partitions change hands, tables are restored or records are taken."""
    recovery = app.tables._recovery
    restored = dict(recovery.active_offsets) if recovery is not None else {}
    return f"{app.consumer_generation_id} {app.rebalancing} {restored} {dict(app.consumer.taken)}"


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
