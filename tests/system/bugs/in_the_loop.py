"""Bugs in how a loop writes: order, transactions, exceptions, dead letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from confluent_kafka import Producer

from adapters.loop.producing import flush, places, produce
from adapters.loop.sinks import TransactionalSink
from adapters.loop.work import Work
from adapters.ports import Batch, Outputs
from schemas.records import Outgoing
from services.predictor.job import PredictorJob
from stream_jobs.label_join.job import LabelJoin
from tests.system.bugs.seams import Calls, crash_once, exchange

LATE = 5
"""Transactions, or batches, that go well before."""
ROWS = 10
"""So many are more than a tick brings, or a promise of the source."""


def commit_before_produce() -> None:
    """The offsets are committed in a transaction of their own, and the answers written after it."""
    calls = Calls(LATE)

    def make(write: Any) -> Any:
        def wrong(self: TransactionalSink, work: Work) -> None:
            producer = self._producers[0]
            producer.begin_transaction()
            producer.send_offsets_to_transaction(places(work.offsets), self._membership(), 10)
            producer.commit_transaction(10)
            if calls.due():
                crash_once()
            write(self, work)

        return wrong

    exchange(TransactionalSink, "write", make)


def outside_the_transaction(suffix: str, rows: int) -> None:
    """Records of some topics are written at once, and then the process crashes over so many rows before it commits."""

    def make(write: Any) -> Any:
        def wrong(self: TransactionalSink, work: Work) -> None:
            early = tuple(out for out in work.records if suffix in out.topic)
            producer = Producer({"bootstrap.servers": self._identity.bootstrap, "partitioner": "murmur2_random"})
            produce(producer, early)
            flush(producer)
            if early and work.size >= rows:
                crash_once()
            write(self, replace(work, records=tuple(out for out in work.records if suffix not in out.topic)))

        return wrong

    exchange(TransactionalSink, "write", make)


def changelog_outside_the_transaction() -> None:
    """The join remembers what it has not yet committed."""
    outside_the_transaction("join-changelog", ROWS)


def window_counted_twice_after_restore() -> None:
    """What was folded is sent though the events will be read again."""
    outside_the_transaction("panes", ROWS)


def swallowed_exception() -> None:
    """A batch that fails is taken for one without results."""
    calls = Calls(LATE)

    def make(process: Any) -> Any:
        def wrong(self: PredictorJob, batch: Batch) -> Outputs:
            try:
                if batch.records and calls.due():
                    raise ValueError("something unforeseen")
                return process(self, batch)  # type: ignore[no-any-return]
            except ValueError:
                return Outputs()

        return wrong

    exchange(PredictorJob, "process", make)


def dropped_dead_letter() -> None:
    """What cannot be joined is counted, and not kept."""

    def make(process: Any) -> Any:
        def wrong(self: LabelJoin, batch: Batch) -> Outputs:
            outputs = process(self, batch)
            return Outputs(tuple(filter(_is_kept, outputs.records)), outputs.counts)

        return wrong

    exchange(LabelJoin, "process", make)


def _is_kept(out: Outgoing) -> bool:
    return "dead-letters" not in out.topic
