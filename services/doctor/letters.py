"""Counting dead letters by reason; those that were replayed need nobody any more."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapters.kafka_facts import KafkaInquiry
from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.records import Records
from schemas.topics import topic_name

MOST: Final = 10_000
"""Offsets looked at in each partition, newest last."""
READ_WITHIN_S: Final = 20.0
Place = tuple[int, int]
"""Partition and offset."""


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """Letters that wait, by reason, and how many were replayed; `are_all`: not only of the newest."""

    waiting: Counter[str]
    replayed: int
    are_all: bool


def count_dead_letters(contracts: Contracts, bootstrap: str) -> LetterCounts:
    """Count the newest. Blocks for some seconds at most.

    Raises
    ------
    DependencyError
        Kafka is away, or the topic does not exist.
    """
    topic = topic_name(contracts.pipeline.pipeline, "dead-letters")
    partitions = range(contracts.pipeline.topics.partitions)
    ends = KafkaInquiry(bootstrap).ends((topic, p) for p in partitions)
    starts = {place: max(0, end - MOST) for place, end in ends.items()}
    reasons, deadline = dict[Place, str](), time.monotonic() + READ_WITHIN_S
    replayed = 0
    with Tail(bootstrap, [topic], offsets=starts) as tail:
        while not tail.is_at_end and time.monotonic() < deadline:
            for records in tail.read():
                reasons.update(_letters(contracts, records))
                replayed += sum(reasons.pop(place, None) is not None for place in _replays(contracts, records))
        return LetterCounts(Counter(reasons.values()), replayed, tail.is_at_end and not any(starts.values()))


def _letters(contracts: Contracts, records: Records) -> Iterator[tuple[Place, str]]:
    part = contracts.decode(records.values, ("DeadLetter",)).part("DeadLetter")
    if part is not None:
        partitions, offsets = records.partition_B[part.row_N].tolist(), records.offset_B[part.row_N].tolist()
        reasons = [reason.decode() for reason in part.columns["reason"].tolist()]
        yield from zip(zip(partitions, offsets, strict=True), reasons, strict=True)


def _replays(contracts: Contracts, records: Records) -> Iterator[Place]:
    """Places of letters that have been replayed: a mark stands behind its letter, in its partition."""
    part = contracts.decode(records.values, ("Replayed",)).part("Replayed")
    if part is not None:
        columns = (part.columns["letter_partition"].tolist(), part.columns["letter_offset"].tolist())
        yield from zip(*columns, strict=True)
