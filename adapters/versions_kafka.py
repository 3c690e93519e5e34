"""The versions topic, read backwards: who wants the newest versions need not read the artefacts of the older ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_client import client_settings
from adapters.kafka_patience import bounds_of
from adapters.learner_ports import Announcement
from schemas.errors import DependencyError
from schemas.versions import THINNED

ANSWER_S: Final = 15.0
_SPAN: Final = 8
"""Records held at once: each may carry a whole model."""


class KafkaVersions:
    """`VersionsLog` of one pipeline; commits nothing.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    topic : str
        The versions topic.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                **client_settings(bootstrap),
                "group.id": f"{topic}.reader",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 5,
                "fetch.wait.max.ms": 10,
                "queued.max.messages.kbytes": 16 << 10,
            }
        )

    def newest_first(self) -> Iterator[Announcement]:
        """Announced versions as they stand when asked, each once, in its latest form. Blocks while it reads.

        Those with an artefact come by falling number; thinned ones come between them.

        Raises
        ------
        DependencyError
            Kafka is away, or the topic does not exist.
        """
        seen: set[int] = set()
        try:
            low, high = bounds_of_versions(self._consumer, self._topic)
            while low < high:
                first = max(low, high - _SPAN)
                for message in reversed(list(read_stretch(self._consumer, self._topic, first, high))):
                    found = announcement_of(message)
                    if found.number not in seen:
                        seen.add(found.number)
                        yield found
                high = first
        except KafkaException as error:
            raise DependencyError(f"{self._topic} cannot be read: {error}.", "See `anabranch doctor`.") from error

    def close(self) -> None:
        """Leave; may block briefly."""
        self._consumer.close()


def announcement_of(message: Message) -> Announcement:
    """Take a record of the versions topic, undecoded."""
    return Announcement(int(message.key() or 0), message.value() or b"", THINNED in (message.headers() or ()))


def bounds_of_versions(consumer: Consumer, topic: str) -> tuple[int, int]:
    """First offset of partition 0, and the one after its last. Blocks up to half a minute.

    Raises
    ------
    KafkaException
        What the client says.
    DependencyError
        It did not answer in time.
    """
    bounds = bounds_of(consumer, topic, 0, ANSWER_S)
    if bounds is None:
        raise DependencyError(
            f"Kafka did not tell the offsets of {topic} in {ANSWER_S:.0f} s.", "See `anabranch doctor`."
        )
    return bounds


def read_stretch(consumer: Consumer, topic: str, first: int, end: int) -> Iterator[Message]:
    """Committed records of partition 0 from an offset up to another. Blocks.

    Raises
    ------
    KafkaException
        What the client says.
    DependencyError
        Nothing came in time.
    """
    consumer.assign([TopicPartition(topic, 0, first)])
    while (message := consumer.poll(ANSWER_S)) is not None:
        error = message.error()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:
            return
        if error is not None:
            raise KafkaException(error)
        if (message.offset() or 0) >= end:
            return
        yield message
    raise DependencyError(f"{topic} gave nothing in {ANSWER_S:.0f} s.", "See `anabranch doctor`.")
