"""Kafka's messages as columns."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Final, cast

import numpy as np
from confluent_kafka import Consumer, Message, TopicPartition

from adapters.ports import Headers, Records

_SECOND = itemgetter(1)
UNREADABLE_HEADERS: Final = "anabranch-unreadable-headers"
"""Stands in the place of headers with a name that is not UTF-8, which brokers let pass and the client cannot read: they
alone are lost, the event is not."""


def records_of(messages: Iterable[Message]) -> tuple[Records, ...]:
    """Group messages by topic, keeping their order, and lay each group out in columns.

    Messages that carry an error instead of a record are the caller's business and must not be among them.
    """
    rows = list(messages)
    topics = list(map(Message.topic, rows))
    if len(set(topics)) == 1:
        return (_columns(topics[0] or "", rows),)
    by_topic: dict[str, list[Message]] = {}
    for topic, message in zip(topics, rows, strict=True):
        by_topic.setdefault(topic or "", []).append(message)
    return tuple(_columns(topic, rows) for topic, rows in by_topic.items())


def is_at_end(consumer: Consumer, end: Message) -> bool:
    """Whether an end-of-partition event still holds.

    Such events wait in the client's queue among the records: to one who reads slowly they tell of an end that was.
    """
    place = TopicPartition(end.topic() or "", end.partition() or 0)
    bounds = consumer.get_watermark_offsets(place, cached=True)
    return bounds is None or (end.offset() or 0) >= bounds[1]


def _columns(topic: str, rows: list[Message]) -> Records:
    # One pass in C for each column: this is done for every row of every hot process.
    count = len(rows)
    return Records(
        topic,
        np.fromiter(map(Message.partition, rows), np.int32, count),
        np.fromiter(map(Message.offset, rows), np.int64, count),
        np.fromiter(map(_SECOND, map(Message.timestamp, rows)), np.int64, count),
        list(map(Message.key, rows)),
        list(map(Message.value, rows)),
        _headers_of(rows),
    )


def _headers_of(rows: list[Message]) -> list[Headers]:
    """Headers of each row. Each message is asked once only: after a refusal, asking it again ends the process."""
    found: list[Headers] = []
    asked = map(_pairs, map(Message.headers, rows))
    while len(found) < len(rows):
        try:
            found.extend(asked)
        except (SystemError, UnicodeDecodeError):  # how the client says that a name is not UTF-8
            found.append(((UNREADABLE_HEADERS, b""),))
    return found


def _pairs(headers: object) -> Headers:
    # The client's stubs allow a mapping here, but it only ever returns a list of pairs.
    return tuple((name, value or b"") for name, value in cast("list[tuple[str, bytes | None]]", headers or ()))
