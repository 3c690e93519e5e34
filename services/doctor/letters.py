"""Counting dead letters by reason."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from adapters.kafka_facts import KafkaInquiry
from adapters.tail import Tail
from schemas.contracts import Contracts
from schemas.topics import topic_name

MOST: Final = 10_000
"""Offsets looked at in each partition, newest last."""
READ_WITHIN_S: Final = 20.0


def count_dead_letters(contracts: Contracts, bootstrap: str) -> tuple[Counter[str], bool]:
    """Count the newest by reason, and say whether those are all. Blocks for some seconds at most.

    Raises
    ------
    DependencyError
        Kafka is away, or the topic does not exist.
    """
    topic = topic_name(contracts.pipeline.pipeline, "dead-letters")
    partitions = range(contracts.pipeline.topics.partitions)
    ends = KafkaInquiry(bootstrap).ends((topic, p) for p in partitions)
    starts = {place: max(0, end - MOST) for place, end in ends.items()}
    reasons, deadline = Counter[str](), time.monotonic() + READ_WITHIN_S
    with Tail(bootstrap, [topic], offsets=starts) as tail:
        while not tail.is_at_end and time.monotonic() < deadline:
            for records in tail.read():
                part = contracts.decode(records.values, ("DeadLetter",)).part("DeadLetter")
                if part is not None:
                    reasons.update(reason.decode() for reason in part.columns["reason"].tolist())
        return reasons, tail.is_at_end and not any(starts.values())
