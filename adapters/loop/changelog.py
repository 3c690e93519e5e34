"""Reading a changelog partition back: the latest value of each key, as of all that was ever committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from adapters.kafka_client import client_settings
from adapters.loop.client_settings import REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_MS, Identity, restore_settings
from adapters.loop.failures import LoopBroken, raised_for

CHUNK = 10_000
STALLED_AFTER_S = TRANSACTION_TIMEOUT_MS / 1000 * 3


def compact(state: dict[bytes, bytes], messages: Iterable[Message]) -> None:
    """Bring a state forward: the last value of a key stands, a tombstone removes it. Records without a key are skipped.

    Examples
    --------
    >>> state = {b"a": b"1", b"b": b"1"}
    >>> compact(state, [Message(key=b"a", value=b"2"), Message(key=b"b", value=None)])
    >>> state
    {b'a': b'2'}
    """
    for message in messages:
        key, value = message.key(), message.value()
        if key is None:
            continue
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


class ChangelogReader:
    """Reads changelog partitions from beginning to end.

    The end is the *uncommitted* end at the time of the call, and the read goes on, with `read_committed`, until it is
    reached: so it waits until the open transaction of a dead process, which hides what was committed after it, has been
    aborted. Callers first fetch the partition's committed offsets: these come only when no offset commit is pending.

    Parameters
    ----------
    beat : callable
        Called again and again while reading.
    """

    def __init__(self, identity: Identity, on_error: Callable[[KafkaError], None], beat: Callable[[], None]) -> None:
        self._identity = identity
        self._on_error = on_error
        self._beat = beat

    def read(self, topic: str, partition: int) -> dict[bytes, bytes]:
        """Return the latest value of each key. Blocks.

        Raises
        ------
        LoopBroken
            Kafka failed, or nothing came for three transaction time-outs.
        """
        consumer = Consumer(restore_settings(self._identity, self._on_error))
        try:
            first, end = self._bounds(topic, partition)
            # Not OFFSET_BEGINNING: the client looks that up half a second later, if it does not know the leader yet.
            consumer.assign([TopicPartition(topic, partition, first)])
            return self._read_to(consumer, first, end)
        except KafkaException as failed:
            raise raised_for(failed.args[0], self._identity.instance_id) from failed
        finally:
            consumer.close()

    def _bounds(self, topic: str, partition: int) -> tuple[int, int]:
        admin = AdminClient(client_settings(self._identity.bootstrap))
        place = TopicPartition(topic, partition)
        asked = [
            admin.list_offsets(
                {place: spec},
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=REQUEST_TIMEOUT_S,
            )
            for spec in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        ]
        first, end = (int(answer[place].result().offset) for answer in asked)
        return first, end

    def _read_to(self, consumer: Consumer, first: int, end: int) -> dict[bytes, bytes]:
        state: dict[bytes, bytes] = {}
        reached, moved_s = first, time.monotonic()
        while reached < end:
            self._beat()
            messages = consumer.consume(CHUNK, 0.01)
            compact(state, (m for m in messages if m.error() is None))
            last = max((_reached(m, self._identity) for m in messages), default=reached)
            if last > reached:
                reached, moved_s = last, time.monotonic()
            if time.monotonic() - moved_s > STALLED_AFTER_S:
                raise LoopBroken(f"the changelog stands at {reached} of {end}: a transaction in it stays open")
        return state


def _reached(message: Message, identity: Identity) -> int:
    """Offset up to which the log has been read when this message comes."""
    error = message.error()
    if error is None:
        return (message.offset() or 0) + 1
    if error.code() == KafkaError._PARTITION_EOF:
        return message.offset() or 0
    raise raised_for(error, identity.instance_id)
