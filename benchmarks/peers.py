"""What the loop is measured against: a bare confluent-kafka copy, with and without transactions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

VALUE_BYTES = 200


def fresh_topics(bootstrap: str, names: Sequence[str], partitions: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for future in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
        future.result(30)


def fill(bootstrap: str, topic: str, rows: int) -> None:
    """Write rows of `VALUE_BYTES`."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
    for i in range(rows):
        producer.produce(topic, i.to_bytes(VALUE_BYTES, "big"), b"%d" % i)
    producer.flush(60)


def copy_plain(bootstrap: str, source: str, target: str, rows: int, batch: int) -> float:
    """Copy rows as fast as it goes: taken by the `batch`, one flush at the end, no offsets; return rows a second."""
    consumer = _consumer(bootstrap, source)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 1, "queue.buffering.max.messages": 1_000_000})
    copied, begun_s = 0, 0.0
    while copied < rows:
        messages = _take(consumer, batch)
        begun_s = begun_s or time.perf_counter()
        for message in messages:
            producer.produce(target, message.value(), message.key())
        producer.poll(0)
        copied += len(messages)
    producer.flush(60)
    rate = copied / (time.perf_counter() - begun_s)
    consumer.close()
    return rate


def copy_transactional(bootstrap: str, source: str, target: str, rows: int, batch: int) -> float:
    """Copy rows with one transactional producer, a transaction for each `batch`; return rows a second."""
    consumer = _consumer(bootstrap, source)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": str(uuid4()),
            "retry.backoff.ms": 1,
            "linger.ms": 1,
            "log_level": 0,
        }
    )
    producer.init_transactions(30)
    copied, begun_s = 0, 0.0
    while copied < rows:
        messages = _take(consumer, batch)
        begun_s = begun_s or time.perf_counter()
        producer.begin_transaction()
        for message in messages:
            producer.produce(target, message.value(), message.key())
        copied += len(messages)
        metadata = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction([TopicPartition(source, 0, copied)], metadata, 30)
        producer.commit_transaction(30)
    rate = copied / (time.perf_counter() - begun_s)
    consumer.close()
    return rate


def _consumer(bootstrap: str, topic: str) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": str(uuid4()),
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 1,
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    return consumer


def _take(consumer: Consumer, batch: int) -> list:  # type: ignore[type-arg]
    first = consumer.poll(10)
    assert first is not None, "nothing came for 10 s"
    return [first, *consumer.consume(batch - 1, 0)] if batch > 1 else [first]
