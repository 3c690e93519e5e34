"""How an application publishes: an idempotent producer that never drops a message in silence."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from adapters.kafka_client import PARTITIONER, client_settings
from schemas.errors import DependencyError

_FLUSH_S = 30.0


class Publisher:
    """Sends records to Kafka in order; blocks when the client's queue is full.

    Keys choose partitions by murmur2, as Kafka's own clients do, so that labels meet their answers.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    """

    def __init__(self, bootstrap: str) -> None:
        self._failure: KafkaError | None = None
        self._producer = Producer(
            {
                **client_settings(bootstrap),
                "enable.idempotence": True,
                "linger.ms": 2,
                "partitioner": PARTITIONER,
                "on_delivery": self._delivered,
            }
        )

    def send(self, topic: str, key: bytes, value: bytes, partition: int = -1) -> None:
        """Queue one record; -1 lets the key choose the partition. May block while the queue is full.

        Raises
        ------
        DependencyError
            An earlier record could not be delivered.
        """
        while True:
            try:
                self._producer.produce(topic, value, key or None, partition)
                return
            except BufferError:
                self.poll(0.05)

    def broadcast(self, topic: str, value: bytes, partitions: Iterable[int]) -> None:
        """Queue one record without a key on each of the partitions."""
        for partition in partitions:
            self.send(topic, b"", value, partition)

    def poll(self, timeout_s: float = 0.0) -> None:
        """Serve delivery reports, raising the first failure. Blocks up to `timeout_s`."""
        self._producer.poll(timeout_s)
        if self._failure is not None:
            raise DependencyError(f"Kafka did not take a record: {self._failure.str()}.", "See `anabranch doctor`.")

    def flush(self) -> None:
        """Wait until all is delivered.

        Raises
        ------
        DependencyError
            Some records were not delivered in time.
        """
        left = self._producer.flush(_FLUSH_S)
        self.poll()
        if left:
            raise DependencyError(f"{left} records are undelivered after {_FLUSH_S:.0f} s.", "See `anabranch doctor`.")

    def close(self) -> None:
        """Let go of the connections; what is queued is lost unless it was flushed."""
        self._producer.close()

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and self._failure is None:
            self._failure = error


def partition_count(bootstrap: str, topic: str, timeout_s: float = 10.0) -> int:
    """Ask how many partitions a topic has. Blocks up to `timeout_s`.

    Raises
    ------
    DependencyError
        Kafka is away, or the topic does not exist.
    """
    try:
        found = Producer(client_settings(bootstrap)).list_topics(topic, timeout_s).topics[topic]
    except KafkaException as error:
        raise DependencyError(f"Kafka at {bootstrap} does not answer: {error}.", "Run `anabranch up`.") from error
    if found.error is not None:
        raise DependencyError(f"Topic {topic} does not exist.", "Run `anabranch topics apply FILE`.")
    return len(found.partitions)
