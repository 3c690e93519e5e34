"""One life of a loop's clients, from the first connection to the first failure or the stop."""

from __future__ import annotations

import time
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from adapters.context import Context
from adapters.kafka_records import records_of
from adapters.loop.assignment import Assignment
from adapters.loop.changelog import ChangelogReader
from adapters.loop.client_settings import REQUEST_TIMEOUT_S, Identity, consumer_settings
from adapters.loop.columns import next_offsets
from adapters.loop.committer import Committer
from adapters.loop.failures import LoopBroken, raised_for
from adapters.loop.intake import Intake
from adapters.loop.leaving import CLOSE_S, closed_within
from adapters.loop.options import LoopOptions
from adapters.loop.reporting import Reporter
from adapters.loop.sinks import PlainSink, Sink, TransactionalSink
from adapters.loop.watch import Watch
from adapters.loop.work import Work
from adapters.ports import Batch, Job, Outputs, Records

PATIENCE_S = 1.0
"""How long commits may hold up the loop before it pauses its partitions, which drops what was fetched ahead."""
HUNG_AFTER_S = 3 * REQUEST_TIMEOUT_S
"""A call of the committer that lasts longer has outlasted the bounds of all that it waits for."""


class Session:
    """Consumer, sink and committer of a loop, and the turn they make together.

    Building it fences predecessors of the same identity. It blocks, and raises what `Sink` raises.
    """

    def __init__(self, context: Context, job: Job, identity: Identity, options: LoopOptions) -> None:
        self._context = context
        self._job = job
        self._options = options
        self._report = Reporter(context)
        self._watch = Watch(context, identity.instance_id)
        changelog = ChangelogReader(identity, self._on_error, context.health.beat)
        self._assignment = Assignment(context, job, identity, changelog, self._drain)
        self._identity = identity
        self._consumer = Consumer(consumer_settings(identity, self._on_error))
        self._sink: Sink = self._new_sink()
        self._committer = Committer(self._sink, options.max_batch, self._report.committed)
        self._intake = Intake(
            self._consumer,
            identity.instance_id,
            options.max_batch,
            options.linger_ms / 1000,
            lambda: not (self._sink.at_once or self._committer.idle),
        )
        self._ticked_s = time.monotonic()
        self._subscribe()

    def beat(self) -> None:
        """Say that the loop lives; not while a call to Kafka has outlasted every bound that it was given.

        Such a call has been seen (a fault of the client, see `kafka_client`), and a thread cannot be freed from it: so
        `/livez` says no, and in the end the process gives up.
        """
        if self._committer.call_s < HUNG_AFTER_S:
            self._context.health.beat()

    def turn(self) -> None:
        """Take what there is, let the job answer it, and hand the answer to the committer."""
        try:
            self._turn()
        except LoopBroken as broken:
            raise self._assignment.settled(broken) from broken

    def _turn(self) -> None:
        generation = self._assignment.generation
        try:
            taken = self._intake.take(self._patience_s())
        finally:
            self._assignment.raise_failure()  # it knows what was fatal; the client's exception only says that it was
        self._committer.raise_failure()
        self._sink.settle(wait=False)
        rows = taken.rows if generation == self._assignment.generation else self._fresh(taken.rows)
        records = records_of(rows)
        progress = self._assignment.progress
        offsets = next_offsets(records)
        progress.advance(offsets, taken.ends, time.monotonic())
        if progress.positions and (records or not self._patience_s()):
            self._process(records)
        self._watch.look(self._consumer, progress, self._options.max_batch)

    def finish(self) -> None:
        """Commit what is in flight, within the bound, and leave."""
        if not self._drain():
            self._committer.raise_failure()
            raise LoopBroken(f"what was in flight could not be committed in {self._options.drain_s:.0f} s")
        self._assignment.forget()

    def close(self) -> None:
        """Throw the clients away; what is not committed is aborted. One that does not close is left behind."""
        self._assignment.fail(LoopBroken("the session is closed"))
        self._assignment.forget()
        self._committer.end(2 * REQUEST_TIMEOUT_S)
        for what, close in (("producers", self._sink.abandon), ("consumer", self._close_consumer)):
            if not closed_within(close, CLOSE_S):
                self._context.log.warning("left behind, for it does not close", client=what)
                self._context.metrics.count("left_behind_total")

    def _close_consumer(self) -> None:
        with suppress(KafkaException, RuntimeError):
            self._consumer.close()

    def _new_sink(self) -> Sink:
        if self._options.exactly_once:
            return TransactionalSink(self._identity, self._assignment.membership, self._on_error)
        return PlainSink(self._identity, self._consumer, self._on_error)

    def _subscribe(self) -> None:
        self._consumer.subscribe(
            list(self._job.inputs),
            on_assign=self._assignment.on_assign,
            on_revoke=self._assignment.on_revoke,
            on_lost=self._assignment.on_lost,
        )

    def _patience_s(self) -> float:
        """Seconds until the next tick is due."""
        return max(0.0, self._ticked_s + self._options.tick_ms / 1000 - time.monotonic())

    def _fresh(self, rows: list[Message]) -> list[Message]:
        """Rows that are still ours after a rebalance, each once."""
        positions = dict(self._assignment.progress.positions)
        kept = []
        for row in rows:
            place, offset = (row.topic() or "", row.partition() or 0), row.offset() or 0
            if place in positions and offset >= positions[place]:
                positions[place] = offset + 1
                kept.append(row)
        return kept

    def _process(self, records: tuple[Records, ...]) -> None:
        progress = self._assignment.progress
        batch = Batch(records, time.time() * 1000, frozenset(progress.at_end))
        self._ticked_s = time.monotonic()
        outputs = self._job.process(batch)
        self._report.processed(records, time.monotonic() - self._ticked_s)
        if records or outputs.records or outputs.counts:
            self._hand_over(work_of(records, outputs, progress.positions))

    def _hand_over(self, work: Work) -> None:
        """Wait for room: this is the back-pressure. A long wait pauses the partitions, and the group is kept served."""
        if self._committer.offer(work, PATIENCE_S):
            return
        generation, places = self._assignment.generation, self._consumer.assignment()
        self._consumer.pause(places)
        self._report.paused()
        while not self._committer.offer(work, 0.1):
            self.beat()
            self._intake.attend()
            if generation != self._assignment.generation:
                self._intake.forget()
                return  # the rows were taken from us, or are given anew from what is committed
        self._consumer.resume(places)

    def _drain(self) -> bool:
        drained = self._committer.drain(self._options.drain_s)
        if drained:
            self._sink.settle(wait=True)
        return drained

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._assignment.fail(raised_for(error, self._identity.instance_id))
        self._watch.on_error(error)


def work_of(records: tuple[Records, ...], outputs: Outputs, positions: dict[tuple[str, int], int]) -> Work:
    """Join the answer to a batch with the positions after it.

    A tick sends the positions too: with them Kafka checks that this member still owns its partitions.
    """
    rows = {r.topic: len(r.values) for r in records}
    return Work(outputs.records, dict(positions), rows, outputs.counts, outputs.gauges, outputs.summaries)
