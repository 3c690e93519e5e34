"""One partition of a topic in Kafka, read from where its reader says: nobody else keeps its place."""

from __future__ import annotations

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_client import client_settings
from adapters.kafka_patience import bounds_of
from adapters.kafka_records import is_at_end, records_of
from adapters.learner_ports import LogEnd
from schemas.errors import DataError, DependencyError
from schemas.records import Records

_ANSWER_S = 10.0
_CURE = "See `anabranch doctor`."


class KafkaPartitionLog:
    """`PartitionLog` in Kafka; commits nothing.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    topic, partition : str, int
        What to read.
    """

    def __init__(self, bootstrap: str, topic: str, partition: int) -> None:
        self._topic, self._partition = topic, partition
        self._at_end = False
        self._consumer = Consumer(
            {
                **client_settings(bootstrap),
                "group.id": f"{topic}.reader",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                # A log that no longer reaches back to where we stand must stop us, not be skipped over.
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 5,
                "fetch.wait.max.ms": 50,
            }
        )

    def seek(self, offset: int) -> None:
        """Go to an offset; DataError if the log does not hold it."""
        end = self.end()
        if not end.first <= offset <= end.next:
            raise DataError(
                f"{self._topic}[{self._partition}] holds offsets {end.first} to {end.next}, but reading must go on "
                f"at {offset}: this is not the log it was.",
                "Restore the topic, or remove the checkpoints to begin with what the log holds.",
            )
        self._at_end = False
        self._consumer.assign([TopicPartition(self._topic, self._partition, offset)])

    def read(self, most: int, timeout_s: float) -> Records:
        """Return the next records, at most so many; waits up to `timeout_s` if there are none."""
        try:
            first = self._consumer.poll(timeout_s)
            messages = [] if first is None else [first, *self._consumer.consume(most - 1, 0)]
        except KafkaException as error:
            raise DependencyError(f"{self._topic} cannot be read: {error}.", _CURE) from error
        found = records_of(m for m in messages if self._is_record(m))
        return found[0] if found else _nothing(self._topic)

    @property
    def is_at_end(self) -> bool:
        """Whether the last read found the end of the log."""
        return self._at_end

    def end(self) -> LogEnd:
        """Ask the broker where the log begins and ends; blocks up to ten seconds, and as long if none leads it."""
        try:
            bounds = bounds_of(self._consumer, self._topic, self._partition, _ANSWER_S)
        except KafkaException as error:
            raise DependencyError(f"Kafka does not tell the offsets of {self._topic}: {error}.", _CURE) from error
        if bounds is None:
            raise DependencyError(f"Kafka did not tell the offsets of {self._topic} in {_ANSWER_S:.0f} s.", _CURE)
        return LogEnd(*bounds)

    def close(self) -> None:
        """Leave; may block briefly."""
        self._consumer.close()

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            self._at_end = False
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            self._at_end = is_at_end(self._consumer, message)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise DataError(f"{self._topic} lost records that were not yet read: {error.str()}.", "Restore the topic.")
        elif error.fatal() or not error.retriable():
            raise DependencyError(f"{self._topic} cannot be read: {error.str()}.", _CURE)
        return False


def _nothing(topic: str) -> Records:
    empty_B = np.empty(0, np.int64)
    return Records(topic, empty_B.astype(np.int32), empty_B, empty_B, [], [], [])
