"""Filling topics, and looking at them from outside."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from adapters.ports import Records
from adapters.tail import Tail
from benchmarks.end_to_end.case import Ground, Load
from schemas.topics import Role, topic_name

TIMEOUT_S = 10.0
_NOT_YET = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE}
"""A new broker is still taking up the offsets topic."""


def fill(bootstrap: str, load: Load, partitions: int = 1) -> None:
    """Write messages in their order, to the partitions in turn."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 20,
            "batch.size": 1 << 20,
            "queue.buffering.max.messages": 2_000_000,
            "queue.buffering.max.kbytes": 1 << 20,
            "log_level": 0,
        }
    )
    for place, (key, value) in enumerate(zip(load.keys, load.values, strict=True)):
        producer.produce(load.topic, value, key, place % partitions)
    if producer.flush(120):
        raise ValueError(f"{load.topic} was not filled")


def end_offset(consumer: Consumer, topic: str) -> int:
    """Offset after the last record of partition 0, markers of transactions included."""
    _, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), TIMEOUT_S)
    return int(high)


def committed_records(ground: Ground, role: Role, bootstrap: str) -> Iterator[Records]:
    """Every committed record of a topic."""
    with Tail(bootstrap, [topic_name(ground.name, role)]) as tail:
        while not tail.is_at_end:
            yield from tail.read()


def refuse_dead_letters(ground: Ground) -> None:
    """ValueError if anything was put aside: then the work was not the work that is claimed."""
    asker = Consumer({"bootstrap.servers": ground.addresses.bootstrap, "group.id": str(uuid4())})
    try:
        letters = end_offset(asker, topic_name(ground.name, "dead-letters"))
    finally:
        asker.close()
    if letters:
        raise ValueError(f"{letters} dead letters in {ground.name}")


class GroupOffsets:
    """Committed offsets of a group, read without joining it.

    Reading uncommitted, so that Kafka answers at once and does not wait for a pending transaction.
    """

    def __init__(self, ground: Ground, process: str, roles: tuple[Role, ...]) -> None:
        self.consumer = Consumer(
            {
                "bootstrap.servers": ground.addresses.bootstrap,
                "group.id": f"{ground.name}.{process}",
                "isolation.level": "read_uncommitted",
                "log_level": 0,
            }
        )
        partitions = range(ground.contracts.pipeline.topics.partitions)
        self._places = {r: [TopicPartition(topic_name(ground.name, r), p) for p in partitions] for r in roles}
        self._known = 0

    def done(self) -> int:
        """Rows committed in the topic that has least; 0 before the first commit."""
        try:
            self._known = min(self._committed(places) for places in self._places.values())
        except KafkaException as error:
            if error.args[0].code() not in _NOT_YET:
                raise
        return self._known

    def _committed(self, places: list[TopicPartition]) -> int:
        return sum(max(0, place.offset) for place in self.consumer.committed(places, TIMEOUT_S))

    def close(self) -> None:
        """Leave."""
        self.consumer.close()
