"""Second step: pane rows become snapshots of window values in the feature store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from adapters.ports import Batch, FeatureStore, Outputs
from schemas.contracts import Contracts
from schemas.dead_letters import dead_letters
from schemas.decoded import Fault
from schemas.feature_format import pack_header, pack_watermark, windows_fingerprint
from schemas.records import Outgoing, Records
from schemas.redis_keys import watermark_key
from schemas.topics import topic_name
from stream_jobs.feature_windows.partition import Partition, Written
from stream_jobs.feature_windows.plan import plan_of
from stream_jobs.feature_windows.wire import PaneMessage, encoded, messages_of

PROCESS = "feature_windows"
RETIRED_MS = 3_600_000
"""How long the store remembers that an entity was let go of: longer than any process can live that was fenced by then.
Until it is forgotten, what such a process still writes is older, and gives way."""


class Windows:
    """`Job` from panes to the feature store.

    The store is written before the batch is committed. That is safe, since a batch that is done again, cut as it may
    be, gives the same values at the same times, and only what is not older replaces what is there. An entity whose
    values say nothing any more leaves a header without snapshots, which goes by itself: so the store stays bounded.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    store : FeatureStore
        Where snapshots and watermarks go.
    """

    def __init__(self, contracts: Contracts, store: FeatureStore) -> None:
        self._name = contracts.pipeline.pipeline
        self.inputs: tuple[str, ...] = (topic_name(self._name, "panes"),)
        self.changelog: str | None = topic_name(self._name, "windows-changelog")
        self._contracts, self._store = contracts, store
        self._plan = plan_of(contracts.pipeline, contracts.layout)
        self._fingerprint = windows_fingerprint(contracts.pipeline, contracts.layout)
        self._partitions: dict[int, Partition] = {}

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Take over a partition with its state. ConfigurationError if that is of other windows."""
        self._partitions[partition] = Partition(self._plan, self._fingerprint, changelog)

    def revoke(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)

    def process(self, batch: Batch) -> Outputs:
        """Merge a batch, close what is due, write what changed. Blocks for the store; DependencyError if it is away."""
        logs, letters, counts = list[Outgoing](), list[Outgoing](), Counter[str]()
        for records in batch.records:
            late, faults = self._take(records)
            counts["late_panes_total"] += sum(message.rows for message in late.values())
            letters += self._letters(records, late, faults, batch.now_ms)
            counts.update(f"dead_letters_total:{fault.reason}" for fault in faults)
            counts["dead_letters_total:late_event"] += len(late)
            for partition in np.unique(records.partition_B).tolist():
                state = self._partitions[partition]
                before, written = state.closed, state.close()
                counts["written_entities_total"] += len(written.store_keys)
                self._write(partition, written, state.closed if state.closed > before else None)
                if written.keys:
                    assert self.changelog is not None
                    logs.append(Outgoing(self.changelog, written.keys, written.values, partition))
        return Outputs((*logs, *letters), {name: float(count) for name, count in counts.items() if count})

    def _take(self, records: Records) -> tuple[dict[int, PaneMessage], list[Fault]]:
        """Take messages in order; returns the late rows and the faults, by record."""
        decoded = self._contracts.decode(records.values, ("Pane",))
        late, faults = dict[int, PaneMessage](), list(decoded.faults)
        part = decoded.part("Pane")
        if part is None:
            return late, faults
        for row, message in zip(part.row_N.tolist(), messages_of(part.columns), strict=True):
            try:
                too_late = self._partitions[int(records.partition_B[row])].take(message)
            except ValueError as error:
                faults.append(Fault(row, "unusable", str(error)))
                continue
            if too_late is not None:
                late[row] = too_late
        return late, faults

    def _letters(
        self, records: Records, late: dict[int, PaneMessage], faults: list[Fault], now_ms: float
    ) -> Iterable[Outgoing]:
        if faults:
            yield dead_letters(self._contracts, records, faults, PROCESS, now_ms)
        if late:
            values = list(records.values)
            for row, value in zip(late, encoded(self._contracts.codec("Pane"), list(late.values())), strict=True):
                values[row] = value
            cut, faults = replace(records, values=values), [_late_fault(r, m) for r, m in late.items()]
            yield dead_letters(self._contracts, cut, faults, PROCESS, now_ms)

    def _write(self, partition: int, written: Written, closed: int | None) -> None:
        """Write values first: whoever sees the watermark must find them."""
        if written.store_keys:
            self._store.write(written.store_keys, written.store_values)
        if written.retired_keys:
            header = pack_header(self._partitions[partition].closed * self._plan.pane, self._fingerprint)
            self._store.write(written.retired_keys, [header] * len(written.retired_keys), RETIRED_MS)
        if closed is not None:
            mark = pack_watermark(closed * self._plan.pane, self._fingerprint)
            self._store.write([watermark_key(self._name, partition)], [mark])


def _late_fault(row: int, late: PaneMessage) -> Fault:
    return Fault(
        row,
        "late_event",
        f"{late.rows} panes of {late.event} by {late.kind} were closed when events of features partition "
        f"{late.source}, offsets {late.first_offset} to {late.last_offset}, came; raise windows.lateness",
    )
