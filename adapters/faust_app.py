"""Faust as it must be set up here: the one file that reaches into it, and why.

Seen with faust-streaming 0.15.3, aiokafka 0.14.0 and Kafka 4.1: group membership, fetching, producing, offsets and the
creation of changelog topics work as they are. What does not:

- **read_committed.** Sketches are written in transactions, and Faust reads uncommitted records unless its own exactly
  once is on, which publishes outside of its transactions (faust-streaming issue 177). There is no setting for it, so
  the isolation level is set on the consumer that Faust makes, before it starts.
- **A message in hand counts as done when its agent is cancelled or fails,** and its offset is committed at the end.
  So no more offsets are committed once a consumer is frozen, which `freeze` does.
- **Driver by URL.** Faust picks its driver by the scheme of the broker's URL; ours is put in its place.
- **Raw tables.** ``value_type=dict`` cannot be restored from a changelog, so tables hold bytes.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

_SESSION_S = 10.0
_HEARTBEAT_S = 3.0


class _CommittedThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class _CommittedConsumer(driver.Consumer):
    frozen = False

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


def freeze(app: Any) -> None:
    """Let no more offsets be committed."""
    app.consumer.frozen = True
