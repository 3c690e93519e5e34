"""First step: feature events become pane rows on the partition that owns their entity, and watermarks go to all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.ports import Batch, Outputs
from models.event_clock import LATEST_MS, SourceClock, advance, clock_from
from schemas.contracts import Contracts
from schemas.dead_letters import dead_letters
from schemas.decoded import Decoded, Fault
from schemas.hashing import hash_text
from schemas.records import Outgoing, Records
from schemas.topics import topic_name
from stream_jobs.feature_windows.fold import Folded, folded
from stream_jobs.feature_windows.journal import row_cuts
from stream_jobs.feature_windows.plan import EventPlan, KindPlan, plan_of
from stream_jobs.feature_windows.wire import Origin, PaneMessage, encoded, row_message

PROCESS = "feature_windows"


@dataclass(slots=True)
class _Source:
    """One assigned partition: its clock, what was last told of it (closed panes, idle), and since when it is at end."""

    clock: SourceClock
    told: tuple[int, bool] | None = None
    at_end_since: float | None = None


class FanOut:
    """`Job` from features to panes.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    sources, owners : int
        Partitions of the features topic and of the panes topic.
    """

    def __init__(self, contracts: Contracts, sources: int, owners: int) -> None:
        name = contracts.pipeline.pipeline
        self.inputs: tuple[str, ...] = (topic_name(name, "features"),)
        self.changelog: str | None = topic_name(name, "clock-changelog")
        self._panes = topic_name(name, "panes")
        self._contracts, self._windows = contracts, contracts.pipeline.windows
        self._plan = plan_of(contracts.pipeline, contracts.layout)
        self._records = (*contracts.pipeline.events, "Progress")
        self._sources, self._owners = sources, owners
        self._assigned: dict[int, _Source] = {}

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Take over a source partition with the clock it had."""
        clocks = [clock_from(value) for _, value in changelog]
        self._assigned[partition] = _Source(clocks[-1] if clocks else SourceClock())

    def revoke(self, partition: int) -> None:
        """Forget a source partition."""
        self._assigned.pop(partition, None)

    def process(self, batch: Batch) -> Outputs:
        """Fold a batch. Pure but for the clocks."""
        out: list[list[PaneMessage]] = [[] for _ in range(self._owners)]
        letters, clocks, counts = list[Outgoing](), list[Outgoing](), Counter[str]()
        seen = set[int]()
        for records in batch.records:
            seen |= set(np.unique(records.partition_B).tolist())
            faults, messages, moved = self._take(records)
            for owner, message in messages:
                out[owner].append(message)
            clocks += moved
            if faults:
                letters.append(dead_letters(self._contracts, records, faults, PROCESS, batch.now_ms))
                counts.update(f"dead_letters_total:{fault.reason}" for fault in faults)
        for message in self._progress(batch, seen):
            for messages_of_owner in out:
                messages_of_owner.append(message)
        return Outputs((*self._sent(out), *clocks, *letters), counts)

    def _take(self, records: Records) -> tuple[list[Fault], list[tuple[int, PaneMessage]], list[Outgoing]]:
        decoded = self._contracts.decode(records.values, self._records)
        time_B, is_promise_B = _times(len(records.values), decoded)
        usable_B = (time_B >= 0) & (time_B < LATEST_MS)
        accepted_B, moved = np.zeros(len(time_B), np.bool_), []
        for partition in np.unique(records.partition_B).tolist():
            rows = np.flatnonzero((records.partition_B == partition) & usable_B)
            source = self._assigned[partition]
            before = source.clock
            source.clock, accepted_B[rows] = advance(before, time_B[rows], is_promise_B[rows], self._windows.max_jump)
            if source.clock != before:
                key, value = str(partition).encode(), source.clock.to_bytes()
                assert self.changelog is not None
                moved.append(Outgoing(self.changelog, [key], [value], partition))
        faults = [*decoded.faults, *_time_faults(time_B, usable_B, accepted_B, self._windows.max_jump)]
        return faults, list(self._fold(records, decoded, accepted_B)), moved

    def _fold(
        self, records: Records, decoded: Decoded, accepted_B: NDArray[np.bool_]
    ) -> Iterator[tuple[int, PaneMessage]]:
        for kind in self._plan.kinds:
            for event in kind.events:
                part = decoded.part(event.event)
                if part is None:
                    continue
                part = part if accepted_B[part.row_N].all() else part.rows(accepted_B[part.row_N])
                source_N = records.partition_B[part.row_N].astype(np.int64)
                found = folded(event, self._plan.pane, part.columns, source_N)
                if found is not None:
                    yield from self._addressed(kind, event, found, records)

    def _addressed(
        self, kind: KindPlan, event: EventPlan, found: Folded, records: Records
    ) -> Iterator[tuple[int, PaneMessage]]:
        """Cut folded rows by source and owner."""
        owner_N = owners_of(kind.kind.name, found.hash_N, self._owners)
        group_N = found.source_N * self._owners + owner_N
        for group in np.unique(group_N).tolist():
            rows = np.flatnonzero(group_N == group)
            source, owner = divmod(group, self._owners)
            offset_S = records.offset_B[records.partition_B == source]
            origin = Origin(source, self._sources, int(offset_S.min()), int(offset_S.max()))
            for a, b in row_cuts(event, len(rows), found.entity_N.dtype.itemsize):
                cut = rows[a:b]
                yield owner, row_message(kind.kind.name, event, found.entity_N[cut], found.rows.take(cut), origin)

    def _progress(self, batch: Batch, seen: set[int]) -> Iterator[PaneMessage]:
        """Tell how far each partition has come, if that closes a pane or it became idle or busy."""
        for partition, source in self._assigned.items():
            idle = self._is_idle(source, partition, batch, partition in seen)
            watermark = source.clock.watermark(self._windows.lateness)
            told = (int(watermark // self._plan.pane) if watermark > -np.inf else -1, idle)
            if told != source.told and (watermark > -np.inf or idle):
                source.told = told
                yield PaneMessage(partition, self._sources, watermark, idle)

    def _is_idle(self, source: _Source, partition: int, batch: Batch, has_rows: bool) -> bool:
        if has_rows or (self.inputs[0], partition) not in batch.at_end:
            source.at_end_since = None
            return False
        source.at_end_since = batch.now_ms if source.at_end_since is None else source.at_end_since
        return batch.now_ms - source.at_end_since >= self._windows.idle_after

    def _sent(self, out: list[list[PaneMessage]]) -> Iterator[Outgoing]:
        codec = self._contracts.codec("Pane")
        for owner, messages in enumerate(out):
            if messages:
                yield Outgoing(self._panes, [None] * len(messages), encoded(codec, messages), owner)


def owners_of(kind: str, hash_N: NDArray[np.uint64], owners: int) -> NDArray[np.int64]:
    """Which partition of the panes topic owns each entity."""
    return ((hash_N ^ np.uint64(hash_text(kind))) % np.uint64(owners)).astype(np.int64)


def _times(size: int, decoded: Decoded) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Event time of each row, NaN where it was not decoded, and which rows are promises."""
    time_B, is_promise_B = np.full(size, np.nan), np.zeros(size, np.bool_)
    for part in decoded.parts:
        time_B[part.row_N] = part.columns["event_time"]
        is_promise_B[part.row_N] = part.name == "Progress"
    return time_B, is_promise_B


def _time_faults(
    time_B: NDArray[np.float64], usable_B: NDArray[np.bool_], accepted_B: NDArray[np.bool_], max_jump: int
) -> Iterator[Fault]:
    for row in np.flatnonzero(~np.isnan(time_B) & ~usable_B).tolist():
        yield Fault(row, "bad_time", f"event_time is {time_B[row]}; send milliseconds since 1970")
    for row in np.flatnonzero(usable_B & ~accepted_B).tolist():
        detail = (
            f"event_time is {time_B[row]:.0f}, more than {max_jump} ms ahead of its partition; see windows.max_jump"
        )
        yield Fault(row, "clock_jump", detail)
