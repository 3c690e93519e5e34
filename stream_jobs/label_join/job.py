"""The label join as a job of the batch loop: decoding, partitions and topics around the core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.context import Context
from adapters.loop import run_loop
from adapters.ports import Batch, Outgoing, Outputs, Records
from models.drift.sketch import labels_plan
from schemas.contracts import Contracts
from schemas.dead_letters import dead_letters
from schemas.decoded import Decoded, Fault
from schemas.topics import topic_name
from stream_jobs.label_join.believed_times import believed_answers
from stream_jobs.label_join.core import PartitionJoin
from stream_jobs.label_join.coverage import Coverage
from stream_jobs.label_join.idle import IdleClock
from stream_jobs.label_join.outputs import example_columns, label_sketches, letter_records
from stream_jobs.label_join.position import Reached
from stream_jobs.label_join.reading import ReadLabels, no_answers, read_answers, read_labels
from stream_jobs.label_join.rows import Answers, answer_dtype, labels_of
from stream_jobs.label_join.state import changes, restore
from stream_jobs.label_join.step import Step

PROCESS = "label_join"


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers of a batch, of all partitions; `row_A` are their rows in `records`."""

    records: Records | None
    answers: Answers
    row_A: NDArray[np.int64]
    faults: Sequence[Fault]

    def of(self, partition: int) -> tuple[Answers, NDArray[np.int64]]:
        """Those of one partition, and their rows."""
        if self.records is None:
            return self.answers, self.row_A
        mine_N = np.flatnonzero(self.records.partition_B[self.row_A] == partition)
        return self.answers.rows(mine_N), self.row_A[mine_N]


class LabelJoin:
    """Joins labels to answers; a `Job`. Partitions are worked on one after another, each on its own state.

    Parameters
    ----------
    contracts : Contracts
    """

    def __init__(self, contracts: Contracts) -> None:
        name, layout = contracts.pipeline.pipeline, contracts.layout
        self._contracts = contracts
        self._predictions, self._labels = topic_name(name, "predictions"), topic_name(name, "labels")
        self._examples, self._sketches = topic_name(name, "examples"), topic_name(name, "sketches")
        self._changelog = topic_name(name, "join-changelog")
        self.inputs: tuple[str, ...] = (self._predictions, self._labels)
        self.changelog: str | None = self._changelog
        self._dtype = answer_dtype(layout.outputs, layout.width)
        self._plan = labels_plan(contracts.pipeline)
        self._joins: dict[int, PartitionJoin] = {}
        self._coverage = Coverage(contracts.pipeline)
        self._idle = IdleClock(contracts.pipeline.windows.idle_after)

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Restore a partition; DataError if the changelog cannot be read."""
        self._coverage.forget(partition)
        self._joins[partition] = restore(self._contracts, changelog)

    def revoke(self, partition: int) -> None:
        """Forget a partition."""
        self._joins.pop(partition, None)
        self._coverage.forget(partition)
        self._idle.forget([(topic, partition) for topic in self.inputs])

    def process(self, batch: Batch) -> Outputs:
        """Join what the batch brings; on a tick, look at what has waited long enough."""
        inputs = {records.topic: records for records in batch.records}
        answers, labels = self._read_answers(inputs.get(self._predictions)), inputs.get(self._labels)
        decoded = self._contracts.decode(labels.values, ("Label", "Progress")) if labels else Decoded((), ())
        out: list[Outgoing] = []
        counts: Counter[str] = Counter()
        for records, faults in ((answers.records, answers.faults), (labels, decoded.faults)):
            self._bury(records, faults, batch.now_ms, out, counts)
        for partition in sorted(self._joins):
            self._step(partition, answers, labels, decoded, batch, out, counts)
        return Outputs(tuple(out), counts, self._coverage.gauges() if batch.records else {})

    def _read_answers(self, records: Records | None) -> _Answers:
        if records is None:
            return _Answers(None, no_answers(self._dtype), np.empty(0, np.int64), ())
        decoded = self._contracts.decode(records.values, ("Prediction",))
        return _Answers(records, *read_answers(records, decoded, self._dtype))

    def _step(
        self,
        partition: int,
        answers: _Answers,
        labels: Records | None,
        decoded: Decoded,
        batch: Batch,
        out: list[Outgoing],
        counts: Counter[str],
    ) -> None:
        join, max_jump = self._joins[partition], self._contracts.pipeline.windows.max_jump
        mine = believed_answers(*answers.of(partition), join.position.predictions, max_jump)
        read = ReadLabels(labels_of([]), join.position.labels)
        if labels is not None:
            read = read_labels(labels, decoded, partition, join.position.labels, max_jump)
        reached = Reached(
            mine.clock,
            read.clock,
            self._is_idle(answers.records, self._predictions, partition, batch),
            self._is_idle(labels, self._labels, partition, batch),
        )
        bad = {
            "answers": _bad(answers.records, answers.faults, partition) + len(mine.faults),
            "labels": _bad(labels, decoded.faults, partition) + len(read.faults),
        }
        step = join.step(mine.answers, read.labels, reached, bad)
        if step.changed:
            self._coverage.take(partition, step)
            self._send(partition, join, step, batch.now_ms, out, counts)
            again = [Fault(int(mine.row_A[r]), "duplicate_answer", "the first one stands") for r in step.duplicates]
            for records, faults in ((answers.records, [*mine.faults, *again]), (labels, read.faults)):
                self._bury(records, faults, batch.now_ms, out, counts)

    def _send(
        self,
        partition: int,
        join: PartitionJoin,
        step: Step,
        now_ms: float,
        out: list[Outgoing],
        counts: Counter[str],
    ) -> None:
        example = self._contracts.codec("Example")
        for joined in step.joined:
            values = example.encode(example_columns(joined, partition))
            out.append(Outgoing(self._examples, joined.id_N.tolist(), values, 0))
        partitions = self._contracts.pipeline.topics.partitions
        sketches = label_sketches(self._plan, step.joined, partition, partitions, join.position)
        if sketches:
            values = self._contracts.codec("Sketch").encode(sketches)
            out.append(Outgoing(self._sketches, [self._plan.source.encode()] * len(values), values, 0))
        if step.letters:
            records, faults = letter_records(step.letters, self._labels, partition)
            self._bury(records, faults, now_ms, out, counts)
        out.append(changes(self._contracts, self._changelog, partition, join, step))
        for name, count in step.counts.items():
            rows, _, outcome = name.partition("_")
            counts[f"{rows}_total:{outcome}"] += count

    def _is_idle(self, records: Records | None, topic: str, partition: int, batch: Batch) -> bool:
        rows = 0 if records is None else int(np.count_nonzero(records.partition_B == partition))
        return self._idle.observe((topic, partition), (topic, partition) in batch.at_end, rows, batch.now_ms)

    def _bury(
        self,
        records: Records | None,
        faults: Sequence[Fault],
        now_ms: float,
        out: list[Outgoing],
        counts: Counter[str],
    ) -> None:
        if records is None or not faults:
            return
        out.append(dead_letters(self._contracts, records, faults, PROCESS, now_ms))
        counts.update(f"dead_letters_total:{fault.reason}" for fault in faults)


def _bad(records: Records | None, faults: Sequence[Fault], partition: int) -> int:
    if records is None or not faults:
        return 0
    return int(np.count_nonzero(records.partition_B[[fault.row for fault in faults]] == partition))


def run(context: Context) -> None:
    """Join until ``context.stop`` is set. Blocks."""
    run_loop(context, LabelJoin(context.contracts), group=f"{context.pipeline.pipeline}.{PROCESS}")
