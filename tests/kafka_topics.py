"""Reading and writing a test's topics on a real broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from adapters.loop import PARTITIONER

Row = tuple[bytes | None, bytes | None]


def await_true(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)


def create_topics(bootstrap: str, topics: Iterable[str], partitions: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    futures = admin.create_topics([NewTopic(topic, partitions, 1) for topic in topics])
    for future in futures.values():
        future.result(30)


def send(bootstrap: str, topic: str, rows: Iterable[Row]) -> None:
    # Idempotent, or rows that are sent again, say since a new topic has no leader yet, come after those that follow.
    settings = {"bootstrap.servers": bootstrap, "partitioner": PARTITIONER, "linger.ms": 1, "enable.idempotence": True}
    producer = Producer(settings)
    for key, value in rows:
        producer.produce(topic, value, key)
    assert producer.flush(30) == 0


def committed_rows(bootstrap: str, topic: str, partitions: int) -> list[Row]:
    """All rows of a topic that are committed, partition after partition."""
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
        }
    )
    reader.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    rows: dict[int, list[Row]] = {p: [] for p in range(partitions)}
    ended = 0
    while ended < partitions:
        for message in reader.consume(1000, 0.02):
            error = message.error()
            if error is None:
                rows[message.partition() or 0].append((message.key(), message.value()))
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ended += 1
    reader.close()
    return [row for p in range(partitions) for row in rows[p]]


def is_consumed(bootstrap: str, group: str, topic: str, partitions: int) -> bool:
    """Whether a group has committed all of a topic."""
    asker = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    try:
        places = asker.committed([TopicPartition(topic, p) for p in range(partitions)], 10)
        return all(max(0, place.offset) >= asker.get_watermark_offsets(place, 10)[1] for place in places)
    except KafkaException:
        return False  # a busy broker is asked again
    finally:
        asker.close()
