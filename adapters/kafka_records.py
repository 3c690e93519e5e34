"""Kafka's messages as columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
from confluent_kafka import Consumer, Message, TopicPartition

from adapters.ports import Headers, Records


def records_of(messages: Iterable[Message]) -> tuple[Records, ...]:
    """Group messages by topic, keeping their order, and lay each group out in columns.

    Messages that carry an error instead of a record are the caller's business and must not be among them.
    """
    by_topic: dict[str, list[Message]] = {}
    for message in messages:
        by_topic.setdefault(message.topic() or "", []).append(message)
    return tuple(_columns(topic, rows) for topic, rows in by_topic.items())


def is_at_end(consumer: Consumer, end: Message) -> bool:
    """Whether an end-of-partition event still holds.

    Such events wait in the client's queue among the records: to one who reads slowly they tell of an end that was.
    """
    place = TopicPartition(end.topic() or "", end.partition() or 0)
    bounds = consumer.get_watermark_offsets(place, cached=True)
    return bounds is None or (end.offset() or 0) >= bounds[1]


def _columns(topic: str, rows: list[Message]) -> Records:
    return Records(
        topic,
        np.array([m.partition() for m in rows], np.int32),
        np.array([m.offset() for m in rows], np.int64),
        np.array([m.timestamp()[1] for m in rows], np.int64),
        [m.key() for m in rows],
        [m.value() for m in rows],
        [_headers(m) for m in rows],
    )


def _headers(message: Message) -> Headers:
    # The client's stubs allow a mapping here, but it only ever returns a list of pairs.
    pairs = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return tuple((name, value or b"") for name, value in pairs)
