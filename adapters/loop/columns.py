"""From librdkafka's messages to the columns of a `Batch`; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from confluent_kafka import Message
from confluent_kafka._types import HeadersType

from adapters.ports import Headers, Records

Place = tuple[str, int]
"""A topic and one of its partitions."""


def records_of(messages: Iterable[Message]) -> tuple[Records, ...]:
    """Sort messages, none of them an error, by topic, and turn each topic's into columns, in the order consumed."""
    by_topic: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        by_topic[message.topic() or ""].append(message)
    return tuple(_records(topic, rows) for topic, rows in by_topic.items())


def _records(topic: str, messages: Sequence[Message]) -> Records:
    return Records(
        topic=topic,
        partition_B=np.array([m.partition() for m in messages], np.int32),
        offset_B=np.array([m.offset() for m in messages], np.int64),
        timestamp_B=np.array([m.timestamp()[1] for m in messages], np.int64),
        keys=[m.key() for m in messages],
        values=[m.value() for m in messages],
        headers=[_headers(m.headers()) for m in messages],
    )


def _headers(headers: HeadersType | None) -> Headers:
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    return tuple((name, value if isinstance(value, bytes) else b"") for name, value in pairs)


def next_offsets(records: Iterable[Records]) -> dict[Place, int]:
    """Where each partition is to be read on: the offset after its last row.

    Examples
    --------
    >>> rows = np.array([0, 1, 0], np.int32), np.array([7, 3, 8])
    >>> next_offsets([Records("t", *rows, rows[1], [None] * 3, [None] * 3, [()] * 3)])
    {('t', 0): 9, ('t', 1): 4}
    """
    return {
        (r.topic, int(p)): int(r.offset_B[r.partition_B == p].max()) + 1
        for r in records
        for p in np.unique(r.partition_B)
    }


def row_count(records: Iterable[Records]) -> int:
    """Count rows over all topics."""
    return sum(len(r.values) for r in records)


def partitions_of(places: Iterable[Place]) -> tuple[int, ...]:
    """Partition numbers among places, rising.

    Examples
    --------
    >>> partitions_of([("a", 1), ("b", 0), ("b", 1)])
    (0, 1)
    """
    return tuple(sorted({partition for _, partition in places}))


def missing_twins(places: Iterable[Place], topics: Sequence[str]) -> list[Place]:
    """Places that co-partitioned inputs should have brought with them and did not.

    Examples
    --------
    >>> missing_twins([("a", 0), ("b", 0), ("a", 1)], ["a", "b"])
    [('b', 1)]
    """
    given = set(places)
    return [(t, p) for p in partitions_of(given) for t in topics if (t, p) not in given]


def unequal_counts(counts: Mapping[str, int]) -> bool:
    """Whether topics that must be co-partitioned are not."""
    return len(set(counts.values())) > 1
