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
from schemas.errors import DependencyError
from schemas.feature_format import windows_fingerprint
from schemas.records import Outgoing, Records
from schemas.redis_keys import watermark_key
from schemas.topics import topic_name
from stream_jobs.feature_windows.partition import Partition
from stream_jobs.feature_windows.plan import plan_of
from stream_jobs.feature_windows.upkeep import Draw, Upkeep, random_token
from stream_jobs.feature_windows.wire import PaneMessage, encoded, messages_of

PROCESS = "feature_windows"
LOOK_MS = 200.0
"""Between two looks whether the store has lost its data."""
SLICE = 8192
"""Some tenths of a second."""


class Windows:
    """`Job` from panes to the feature store.

    The store is written before the batch is committed. That is safe, since a batch that is done again, cut as it may
    be, gives the same values at the same times, and only what is not older replaces what is there. An entity whose
    values say nothing any more leaves a header without snapshots, which goes by itself: so the store stays bounded.
    If the store has lost its data, all values are written again, a slice with each batch or tick (`upkeep`).

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    store : FeatureStore
        Where snapshots and watermarks go.
    draw : callable
        Draws a token of eight random bytes.
    slice_ : int
        Values written again in one batch or tick, at most.
    """

    def __init__(
        self, contracts: Contracts, store: FeatureStore, draw: Draw = random_token, slice_: int = SLICE
    ) -> None:
        self._name = contracts.pipeline.pipeline
        self.inputs: tuple[str, ...] = (topic_name(self._name, "panes"),)
        self.changelog: str | None = topic_name(self._name, "windows-changelog")
        self._contracts, self._store, self._draw = contracts, store, draw
        self._plan = plan_of(contracts.pipeline, contracts.layout)
        self._fingerprint = windows_fingerprint(contracts.pipeline, contracts.layout)
        self._partitions: dict[int, Upkeep] = {}
        self._looked_ms, self._slice = -np.inf, slice_

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Take over a partition with its state. ConfigurationError if that is of other windows."""
        state = Partition(self._plan, self._fingerprint, changelog)
        key = watermark_key(self._name, partition)
        self._partitions[partition] = Upkeep(state, self._store, key, self._plan.pane, self._fingerprint, self._draw)

    def revoke(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)

    def process(self, batch: Batch) -> Outputs:
        """Merge a batch, close what is due, write what changed. Blocks for the store; DependencyError if it is away."""
        logs, letters, counts = list[Outgoing](), list[Outgoing](), Counter[str]()
        self._look(batch.now_ms)
        self._stand()
        for records in batch.records:
            late, faults = self._take(records)
            counts["late_panes_total"] += sum(message.rows for message in late.values())
            letters += self._letters(records, late, faults, batch.now_ms)
            counts.update(f"dead_letters_total:{fault.reason}" for fault in faults)
            counts["dead_letters_total:late_event"] += len(late)
            for partition in np.unique(records.partition_B).tolist():
                upkeep = self._partitions[partition]
                before, written = upkeep.state.closed, upkeep.state.close()
                counts["written_entities_total"] += len(written.store_keys)
                upkeep.write(written, before)
                if written.keys:
                    assert self.changelog is not None
                    logs.append(Outgoing(self.changelog, written.keys, written.values, partition))
        counts.update(self._mend())
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
                too_late = self._partitions[int(records.partition_B[row])].state.take(message)
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

    def _look(self, now_ms: float) -> None:
        """Look now and then whether the store has lost its data."""
        if now_ms < self._looked_ms + LOOK_MS or not self._partitions:
            return
        self._looked_ms, all_of_them = now_ms, list(self._partitions.values())
        try:
            held = self._store.read([upkeep.key for upkeep in all_of_them])
        except DependencyError:
            return  # there may be nothing to write now; if there is, writing it will say so
        for upkeep, mark in zip(all_of_them, held, strict=True):
            upkeep.look(mark)

    def _stand(self) -> None:
        for upkeep in self._partitions.values():
            upkeep.stand()

    def _mend(self) -> dict[str, int]:
        """Write a slice of what is missing; returns what there is to count."""
        self._stand()
        broken = next((upkeep for upkeep in self._partitions.values() if not upkeep.whole), None)
        rewritten = broken.mend(self._slice) if broken else 0
        return {"rewritten_entities_total": rewritten, "store_losses_total": self._losses()}

    def _losses(self) -> int:
        """Count the losses found since this was asked last."""
        found = sum(upkeep.losses for upkeep in self._partitions.values())
        for upkeep in self._partitions.values():
            upkeep.losses = 0
        return found


def _late_fault(row: int, late: PaneMessage) -> Fault:
    return Fault(
        row,
        "late_event",
        f"{late.rows} panes of {late.event} by {late.kind} were closed when events of features partition "
        f"{late.source}, offsets {late.first_offset} to {late.last_offset}, came; raise windows.lateness",
    )
