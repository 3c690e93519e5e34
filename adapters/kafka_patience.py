"""Asking about partitions that nobody leads yet: a broker says that a topic is there before it is ready to serve it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

_AGAIN_AFTER_S: Final = 0.05
_PASSES: Final = {KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}
_MAY_PASS: Final = {KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART}
_MAY_PASS_WITHIN_S: Final = 1.0
"""The broker that is asked may not have heard of it yet; or there is none, and whoever asks is to know it soon."""
T = TypeVar("T")


def bounds_of(consumer: Consumer, topic: str, partition: int, within_s: float) -> tuple[int, int] | None:
    """Ask a partition's leader for its first offset and the one after its last; None if it does not answer in time.

    Blocks up to `within_s` for the leader, and as long for its answer.

    Raises
    ------
    KafkaException
        There is no such partition, or nobody has come to lead it in time.
    """
    place = TopicPartition(topic, partition)
    return once_led(lambda: consumer.get_watermark_offsets(place, within_s), within_s)


def once_led(ask: Callable[[], T], within_s: float) -> T:
    """Ask until somebody leads the partitions in question. Blocks up to `within_s`, and what `ask` takes.

    Raises
    ------
    KafkaException
        Of another kind, or nobody has come to lead it in time.
    """
    begun_s = time.monotonic()
    while True:
        try:
            return ask()
        except KafkaException as error:
            if time.monotonic() - begun_s >= _patience_s(error.args[0].code(), within_s):
                raise
        time.sleep(_AGAIN_AFTER_S)


def _patience_s(code: int, within_s: float) -> float:
    if code in _MAY_PASS:
        return min(within_s, _MAY_PASS_WITHIN_S)
    return within_s if code in _PASSES else 0.0
