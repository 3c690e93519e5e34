"""A Faust agent over one topic with one table, run inside this process until it is told to stop.

For each message: records are sent and acknowledged, then the table is written, then the offset counts as done. So it is
at least once, and whoever handles messages must give the same answer when one comes again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from aiokafka.errors import KafkaError

from adapters.context import Context
from adapters.faust_app import DropRepeated, build_app, freeze, has_lost_its_place, refusal_of, work_of
from adapters.faust_progress import Reaching, Stillness
from adapters.ports import Outgoing, Records
from schemas.errors import DependencyError, Fenced
from schemas.metrics import labelled

_POLL_S = 0.2
_STOP_WITHIN_S = 20.0
_PROBE_EVERY_S = 1.0
_AWAY_AFTER_S = 20.0
_STILL_AFTER_S = 90.0
"""A group may wait a minute for a member that does not come back."""


class TableAnswer(Protocol):
    """What a message leads to."""

    @property
    def records(self) -> tuple[Outgoing, ...]:
        """To be sent first."""
        ...

    @property
    def writes(self) -> Mapping[bytes, bytes | None]:
        """To be written then, in order; None deletes."""
        ...

    @property
    def counts(self) -> Mapping[str, float]:
        """Metric name → increment, labels after colons."""
        ...


class TableHandler(Protocol):
    """A pure step from a message and a table to an answer."""

    def __call__(self, records: Records, table: Mapping[bytes, bytes], now_ms: float) -> TableAnswer:
        """Answer one message; `records` has one row."""
        ...


def run_table_worker(context: Context, name: str, topic: str, table: str, handle: TableHandler) -> None:
    """Feed a topic of one partition to a handler until ``context.stop`` is set. Blocks.

    Parameters
    ----------
    name : str
        ``<pipeline>.<process>``: the consumer group.
    topic : str
        Read from its beginning, or from where the group stands; only what is committed.
    table : str
        Its changelog is ``<name>-<table>-changelog``, which Faust creates.

    Raises
    ------
    Fenced
        Another process has this one's place in the group, or the group has gone on without it.
    DependencyError
        Kafka is away, or Faust has given up on it.
    Exception
        Whatever the handler raises; its message is not committed.
    """
    asyncio.run(_Worker(context, name, topic, table, handle).run())


class _Worker:
    def __init__(self, context: Context, name: str, topic: str, table: str, handle: TableHandler) -> None:
        self._context, self._name, self._topic, self._table_name = context, name, topic, table
        self._handle = handle
        self._failure: Exception | None = None
        self._turn = asyncio.Lock()
        self._probed_s = self._reached_s = time.monotonic()
        self._reaching, self._stillness = Reaching(topic), Stillness()

    async def run(self) -> None:
        for handler in logging.getLogger().handlers:
            handler.addFilter(DropRepeated())
        replication = self._context.pipeline.topics.replication
        app: Any = build_app(
            self._name,
            self._context.bootstrap,
            self._context.ordinal,
            replication,
            self._context.home / "faust" / self._name,
            asyncio.get_running_loop(),
        )
        raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
        source = app.topic(self._topic, partitions=1, **raw)
        table = app.Table(self._table_name, key_type=bytes, value_type=bytes, partitions=1)
        app.agent(source, name=self._name)(self._agent(app, table))
        # It has started only when it has partitions and their table: who is refused, or left by Kafka, never has.
        starting = asyncio.create_task(app.start())
        try:
            await self._watch(app, starting)
        except KafkaError as error:
            raise DependencyError(f"Kafka is away or refuses: {error}.", "See `anabranch doctor`.") from error
        finally:
            self._context.health.ready(False, "stopping")
            await asyncio.wait({asyncio.create_task(self._stop(app))}, timeout=_STOP_WITHIN_S)

    async def _stop(self, app: Any) -> None:
        """Let the message in hand be finished, and no other be begun."""
        async with self._turn:
            if app.started:
                await app.consumer.commit()
            freeze(app)
            await app.stop()

    def _agent(self, app: Any, table: Any) -> Any:
        async def agent(stream: Any) -> None:
            async for event in stream.events():
                try:
                    async with self._turn:
                        await self._one(app, table, event.message)
                except Exception as failure:
                    # Faust would take the message as done and go on: let the process end before it is committed.
                    freeze(app)
                    self._failure = failure
                    await asyncio.Event().wait()

        return agent

    async def _one(self, app: Any, table: Any, message: Any) -> None:
        answer = self._handle(_records(message), table, time.time() * 1000)
        for out in answer.records:
            sent = [await _send(app, out, row) for row in range(len(out.values))]
            await asyncio.gather(*sent)
        for key, value in answer.writes.items():
            if value is not None:
                table[key] = value
            elif key in table:
                del table[key]
        for metric, count in answer.counts.items():
            name, labels = labelled(metric)
            self._context.metrics.count(name, count, **labels)
        self._reaching.handled[message.tp] = message.offset

    async def _watch(self, app: Any, starting: asyncio.Task[Any]) -> None:
        while not self._context.stop.is_set():
            if starting.done():
                starting.result()
            if self._failure is not None:
                raise self._failure
            if app.should_stop or refusal_of(app):
                raise DependencyError(
                    f"Faust gave up: {refusal_of(app) or repr(app.crash_reason)}.",
                    "See whether Kafka is up, and that no other process has this one's --ordinal; then start it again.",
                )
            if has_lost_its_place(app):
                raise Fenced(
                    f"Another process has taken the place of {self._name}.{self._context.ordinal}, "
                    "or it was silent for so long that the group went on without it.",
                    "Give each replica its own --ordinal, and run one process for each.",
                )
            await self._check_kafka()
            self._context.health.beat()
            await self._look(app, starting.done())
            await asyncio.sleep(_POLL_S)

    async def _check_kafka(self) -> None:
        """Faust waits for brokers for ever, and so would we: look whether one can be reached."""
        now_s = time.monotonic()
        if now_s < self._probed_s + _PROBE_EVERY_S:
            return
        self._probed_s = now_s
        if await _accepts(self._context.bootstrap):
            self._reached_s = now_s
        elif now_s - self._reached_s > _AWAY_AFTER_S:
            raise DependencyError(
                f"No broker at {self._context.bootstrap} can be reached for {_AWAY_AFTER_S:.0f} s.",
                "Look at Kafka (`anabranch status`, its log), then start this process again.",
            )

    async def _look(self, app: Any, has_started: bool) -> None:
        """Say whether all that was there at the start is handled; if that comes no nearer, end, to be started anew."""
        ready = has_started and await self._reaching.look(app)
        self._context.health.ready(ready, "" if ready else "restoring or behind")
        reaching = self._reaching
        done = (ready, has_started, work_of(app), str(reaching.positions), str(reaching.handled))
        still_s = self._stillness.after(time.monotonic(), done)
        if ready or still_s < _STILL_AFTER_S or (has_started and reaching.is_idle(app)):
            return
        raise DependencyError(
            f"{self._name} stands still at its start: nothing restored, read or handled for {_STILL_AFTER_S:.0f} s.",
            "Start it again, which whoever supervises it does; if that does not help, see the broker's log.",
        )


async def _accepts(bootstrap: str) -> bool:
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), _PROBE_EVERY_S)
        except (OSError, TimeoutError):
            continue
        writer.close()
        return True
    return False


async def _send(app: Any, out: Outgoing, row: int) -> Any:
    headers = list(out.headers[row]) if out.headers else None
    return await app.producer.send(out.topic, out.keys[row], out.values[row], out.partition, None, headers)


def _records(message: Any) -> Records:
    headers = message.headers.items() if hasattr(message.headers, "items") else message.headers or ()
    return Records(
        message.topic,
        np.array([message.partition], np.int32),
        np.array([message.offset], np.int64),
        np.array([int((message.timestamp or 0) * 1000)], np.int64),
        [message.key],
        [message.value],
        [tuple(headers)],
    )
