"""Reading topics without a group: every partition, from the beginning, the end, or given offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from adapters.kafka_client import client_settings
from adapters.kafka_records import is_at_end, records_of
from adapters.ports import Records
from schemas.errors import DependencyError

_METADATA_S = 10.0
_START = {"beginning": OFFSET_BEGINNING, "end": OFFSET_END}


class Tail:
    """Reads committed records of whole topics; commits nothing, so it disturbs nobody.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    topics : sequence of str
        All their partitions are read.
    start : {"beginning", "end"}
        Where, in partitions that `offsets` does not name.
    offsets : mapping of (topic, partition) to int
        First offset to read.

    Raises
    ------
    DependencyError
        Kafka is away, or a topic does not exist.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[str],
        start: Literal["beginning", "end"] = "beginning",
        offsets: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self._at_end: set[tuple[str, int]] = set()
        self._consumer = Consumer(
            {
                **client_settings(bootstrap),
                "group.id": "anabranch-tail",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 5,
                "fetch.wait.max.ms": 50,
            }
        )
        self.partitions = tuple(p for topic in topics for p in self._partitions(topic))
        given = offsets or {}
        self._consumer.assign([TopicPartition(t, p, given.get((t, p), _START[start])) for t, p in self.partitions])

    def read(self, most: int = 4096, timeout_s: float = 0.1) -> tuple[Records, ...]:
        """Return what has come, at most so many records; blocks up to `timeout_s` if there is nothing.

        Raises
        ------
        DependencyError
            Kafka refuses the read.
        """
        try:
            first = self._consumer.poll(timeout_s)
            messages = [] if first is None else [first, *self._consumer.consume(most - 1, 0)]
        except KafkaException as error:
            raise DependencyError(f"Kafka cannot be read: {error}.", "See `anabranch doctor`.") from error
        return records_of(m for m in messages if self._is_record(m))

    @property
    def is_at_end(self) -> bool:
        """Whether every partition had nothing more when it was last read."""
        return len(self._at_end) == len(self.partitions)

    def close(self) -> None:
        """Leave; may block briefly."""
        self._consumer.close()

    def __enter__(self) -> Self:
        """Use it in a ``with``."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _partitions(self, topic: str) -> list[tuple[str, int]]:
        try:
            found = self._consumer.list_topics(topic, _METADATA_S).topics[topic]
        except KafkaException as error:
            raise DependencyError(f"Kafka does not answer: {error}.", "Run `anabranch up`.") from error
        if found.error is not None:
            raise DependencyError(f"Topic {topic} does not exist.", "Run `anabranch topics apply FILE`.")
        return [(topic, p) for p in sorted(found.partitions)]

    def _is_record(self, message: Message) -> bool:
        place = (message.topic() or "", message.partition() or 0)
        error = message.error()
        if error is None:
            self._at_end.discard(place)
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            if is_at_end(self._consumer, message):
                self._at_end.add(place)
        elif error.fatal() or not error.retriable():
            raise DependencyError(f"Kafka cannot be read: {error.str()}.", "See `anabranch doctor`.")
        return False
