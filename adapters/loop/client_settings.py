"""How librdkafka's clients are set up, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaError

from adapters.kafka_client import PARTITIONER, client_settings
from schemas.topics import MAX_DEAD_LETTER_BYTES

TRANSACTION_TIMEOUT_MS = 10_000
"""How long the open transaction of a dead process may hide what comes after it from readers."""

SESSION_TIMEOUT_MS = 10_000
"""How long a silent member keeps its partitions. A process back within this time takes them up at once."""

REQUEST_TIMEOUT_S = 15.0
"""Bound of every blocking call; a call that takes longer has an unknown outcome, and its client is thrown away."""

Settings = dict[str, str | int | float | bool | Callable[[KafkaError], None]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a process is to Kafka: the same after every restart, so that its successor fences it."""

    bootstrap: str
    group: str
    ordinal: int

    @property
    def loop(self) -> str:
        """Which loop of the pipeline this is: a process may run several. A closed set, fit for a label.

        Examples
        --------
        >>> Identity("127.0.0.1:9092", "flights.feature_windows.fan_out", 0).loop
        'feature_windows.fan_out'
        """
        return self.group.partition(".")[2] or self.group

    @property
    def instance_id(self) -> str:
        """Name of the static group member (KIP-345)."""
        return f"{self.group}.{self.ordinal}"

    def transactional_id(self, which: int) -> str:
        """Name of one of the two transactional producers."""
        return f"{self.group}.{self.ordinal}.{which}"


def consumer_settings(identity: Identity, on_error: Callable[[KafkaError], None]) -> Settings:
    """Set up the consumer of a loop.

    `range` (with its eager rebalances) and not `cooperative-sticky`: it alone gives partition p of all inputs to the
    same member, which co-partitioned inputs need. Static membership makes the stop of an eager rebalance rare: a
    restart causes none. `fetch.queue.backoff.ms`: with the default of a second the loop would run dry whenever the
    queue had been full.
    """
    return {
        **_common(identity, on_error),
        "group.id": identity.group,
        "group.instance.id": identity.instance_id,
        "partition.assignment.strategy": "range",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "fetch.queue.backoff.ms": 1,
        "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": MAX_DEAD_LETTER_BYTES,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "heartbeat.interval.ms": 1_000,
        "max.poll.interval.ms": 300_000,
    }


def restore_settings(identity: Identity, on_error: Callable[[KafkaError], None]) -> Settings:
    """Set up the consumer that reads changelogs: in no group, committing nothing."""
    return {
        **_common(identity, on_error),
        "group.id": f"{identity.group}.restore",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "fetch.queue.backoff.ms": 1,
        "fetch.wait.max.ms": 10,
    }


def transactional_settings(identity: Identity, which: int, on_error: Callable[[KafkaError], None]) -> Settings:
    """Set up one of the two transactional producers.

    `retry.backoff.ms`: with the default 100 each transaction runs into CONCURRENT_TRANSACTIONS, while the markers of
    the last one are written, and sleeps; at 1 a transaction takes a few ms.
    """
    return {
        **_producer(identity, on_error),
        "transactional.id": identity.transactional_id(which),
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
        "retry.backoff.ms": 1,
        "retry.backoff.max.ms": 100,
    }


def idempotent_settings(identity: Identity, on_error: Callable[[KafkaError], None]) -> Settings:
    """Set up the producer of the at-least-once mode."""
    return {
        **_producer(identity, on_error),
        "linger.ms": 0,  # the client's timers count in whole ms, and an answer would wait for the next
        "enable.idempotence": True,
        "message.timeout.ms": TRANSACTION_TIMEOUT_MS,
        "delivery.report.only.error": True,
    }


def _producer(identity: Identity, on_error: Callable[[KafkaError], None]) -> Settings:
    return {
        **_common(identity, on_error),
        "partitioner": PARTITIONER,
        "linger.ms": 0.2,  # enough for the rows of a batch to go together
        "message.max.bytes": MAX_DEAD_LETTER_BYTES,
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 256 << 10,
    }


def _common(identity: Identity, on_error: Callable[[KafkaError], None]) -> Settings:
    return {
        **client_settings(identity.bootstrap),
        "client.id": identity.instance_id,
        "error_cb": on_error,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
    }
