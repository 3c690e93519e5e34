"""Giving records to a producer, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Producer, TopicPartition

from adapters.loop.client_settings import REQUEST_TIMEOUT_S
from adapters.loop.columns import Place
from adapters.loop.failures import LoopBroken
from adapters.ports import Outgoing


def produce(producer: Producer, records: tuple[Outgoing, ...]) -> None:
    """Queue records in their order; waits while the producer's queue is full."""
    for out in records:
        partition = -1 if out.partition is None else out.partition
        if not any(out.headers or ()):
            _produce_bare(producer, out, partition)
            continue
        for key, value, header in zip(out.keys, out.values, out.headers or (), strict=True):
            _produce_one(producer, out.topic, partition, key, value, header)


def _produce_bare(producer: Producer, out: Outgoing, partition: int) -> None:
    """Queue records without headers: the client takes twice as long for a call that names the argument."""
    topic, put = out.topic, producer.produce
    for key, value in zip(out.keys, out.values, strict=True):
        try:
            put(topic, value, key, partition)
        except BufferError:
            _produce_one(producer, topic, partition, key, value, ())


def _produce_one(
    producer: Producer,
    topic: str,
    partition: int,
    key: bytes | None,
    value: bytes | None,
    headers: tuple[tuple[str, bytes], ...],
) -> None:
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while True:
        try:
            producer.produce(topic, value, key, partition, headers=list(headers) if headers else None)
            return
        except BufferError:
            if time.monotonic() > deadline:
                raise LoopBroken(f"{topic} takes no records: the producer's queue stays full") from None
            producer.poll(0.05)


def flush(producer: Producer) -> None:
    """Wait until a producer's queue is empty."""
    left = producer.flush(REQUEST_TIMEOUT_S)
    if left:
        raise LoopBroken(f"{left} records were not acknowledged in {REQUEST_TIMEOUT_S:.0f} s")


def places(offsets: Mapping[Place, int]) -> list[TopicPartition]:
    """Offsets as the client wants them."""
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
