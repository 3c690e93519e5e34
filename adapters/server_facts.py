"""What Kafka and Redis say of themselves, for the doctor to judge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KafkaFacts:
    """Addresses of the brokers, and whether the first is older than 4.0; None if it hides its settings."""

    addresses: tuple[str, ...]
    is_before_4: bool | None


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """Version, durability, and memory in bytes (a `limit` of 0 is none)."""

    version: str
    appends: bool
    write_ok: bool
    policy: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A consumer group: its members, and for each (topic, partition) the next offset that it will read."""

    name: str
    members: int
    positions: dict[tuple[str, int], int]
