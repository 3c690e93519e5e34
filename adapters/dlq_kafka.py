"""Dead letters and their way back, in Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from adapters.dlq_ports import Event, Landed, Marks
from adapters.kafka_patience import bounds_of
from adapters.kafka_records import records_of
from adapters.learner_ports import LogEnd
from adapters.loop.client_settings import (
    REQUEST_TIMEOUT_S,
    TRANSACTION_TIMEOUT_MS,
    Identity,
    restore_settings,
    transactional_settings,
)
from adapters.loop.failures import meaning_of, raised_for
from adapters.publisher import partition_count
from schemas.errors import AnabranchError, DependencyError, Fenced
from schemas.records import Outgoing, Records

_AT_ONCE: Final = 2048
_QUEUE_KB: Final = 16 << 10
"""How much of a partition waits in the client: letters may be megabytes each."""
_PATIENCE_S: Final = 60.0
"""How long nothing may come although something is there: far longer than transactions may stay open."""
_CURE: Final = "See `anabranch doctor`."
Delivered = Callable[[KafkaError | None, Message], None]


def replay_identity(bootstrap: str, pipeline: str) -> Identity:
    """Who a replay is to Kafka: the same for all of a pipeline, so that the later fences the earlier."""
    return Identity(bootstrap, f"{pipeline}.dlq-replay", 0)


class KafkaLetterLog:
    """`LetterLog` in Kafka; commits nothing.

    Parameters
    ----------
    identity : Identity
        Of the replays of this pipeline.
    topic : str
        The dead-letters topic.

    Raises
    ------
    DependencyError
        Kafka is away, or the topic does not exist.
    """

    def __init__(self, identity: Identity, topic: str) -> None:
        self._topic = topic
        self._partitions = partition_count(identity.bootstrap, topic)
        settings = {**restore_settings(identity, _ignore), "queued.max.messages.kbytes": _QUEUE_KB}
        self._consumer = Consumer(settings)
        # The end of what is committed lies before open transactions, and is told late: ask for the end of all.
        self._asker = Consumer({**settings, "isolation.level": "read_uncommitted"})

    def bounds(self) -> Mapping[int, LogEnd]:
        """Ask where each partition begins and ends."""
        return {partition: self._bounds(partition) for partition in range(self._partitions)}

    def read(self, partition: int, span: LogEnd) -> Iterator[Records]:
        """Read a stretch of a partition."""
        if span.first >= span.next:
            return
        self._consumer.assign([TopicPartition(self._topic, partition, span.first)])
        last_s = monotonic()
        while monotonic() - last_s < _PATIENCE_S:
            messages, ended = self._read_some(span.next)
            if messages:
                last_s = monotonic()
                yield from records_of(messages)
            if ended:
                return
        raise DependencyError(
            f"{self._topic}[{partition}] gave nothing in {_PATIENCE_S:.0f} s, though it goes on to {span.next}.", _CURE
        )

    def close(self) -> None:
        """Leave."""
        self._consumer.close()
        self._asker.close()

    def _bounds(self, partition: int) -> LogEnd:
        try:
            found = bounds_of(self._asker, self._topic, partition, REQUEST_TIMEOUT_S)
        except KafkaException as error:
            raise DependencyError(f"Kafka does not tell the offsets of {self._topic}: {error}.", _CURE) from error
        if found is None:
            raise DependencyError(f"Kafka did not tell the offsets of {self._topic}.", _CURE)
        return LogEnd(*found)

    def _read_some(self, end: int) -> tuple[list[Message], bool]:
        """Return what has come of what is before `end`, and whether that was all."""
        try:
            first = self._consumer.poll(0.1)
            found = [] if first is None else [first, *self._consumer.consume(_AT_ONCE - 1, 0)]
        except KafkaException as error:
            raise DependencyError(f"{self._topic} cannot be read: {error}.", _CURE) from error
        messages = [m for m in found if self._is_record(m)]
        # The end of the partition is told with the offset that comes next: behind marks of transactions, too.
        reached = max((_offset(m) + (m.error() is None) for m in found if _has_place(m)), default=-1)
        return [m for m in messages if _offset(m) < end], reached >= end

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        if error is not None and not _has_place(message) and (error.fatal() or not error.retriable()):
            raise DependencyError(f"{self._topic} cannot be read: {error.str()}.", _CURE)
        return error is None


class KafkaReplayDoor:
    """`ReplayDoor` in Kafka. Opening it blocks until Kafka has ended what a predecessor left open.

    Parameters
    ----------
    identity : Identity
        Of the replays of this pipeline.

    Raises
    ------
    DependencyError
        Kafka is away.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._begun_s, self._is_over = monotonic(), False
        self._producer = Producer(transactional_settings(identity, 0, _ignore))
        with self._errors("opening transactions"):
            self._producer.init_transactions(REQUEST_TIMEOUT_S)

    def write(self, events: Sequence[Event], marks: Marks) -> None:
        """Write events and marks in one transaction."""
        self._begun_s = monotonic()
        with self._errors("writing events back"):
            self._producer.begin_transaction()
            try:
                self._write_marks(marks(self._write_events(events)))
                self._producer.commit_transaction(REQUEST_TIMEOUT_S)
            except BaseException:
                self._is_over = True
                with suppress(KafkaException):  # whoever comes next ends it; this only saves readers the wait
                    self._producer.abort_transaction(REQUEST_TIMEOUT_S)
                raise

    def close(self) -> None:
        """Leave."""
        if not self._is_over:  # else what was to be aborted has been, or is no longer ours to abort
            self._producer.close()

    def _write_events(self, events: Sequence[Event]) -> list[Landed]:
        landed: dict[int, Landed] = {}
        failures: list[KafkaError] = []

        def delivered(number: int, error: KafkaError | None, message: Message) -> None:
            if error is None:
                landed[number] = Landed(message.partition() or 0, _offset(message))
            else:
                failures.append(error)

        for number, event in enumerate(events):
            self._produce(event, partial(delivered, number))
        self._producer.flush(REQUEST_TIMEOUT_S)
        if failures:
            raise KafkaException(failures[0])
        if len(landed) < len(events):
            raise DependencyError(f"Kafka did not take the events in {REQUEST_TIMEOUT_S:.0f} s.", _CURE)
        return [landed[number] for number in range(len(events))]

    def _write_marks(self, outs: Sequence[Outgoing]) -> None:
        for out in outs:
            for key, value in zip(out.keys, out.values, strict=True):
                self._produce(Event(out.topic, key, value, (), out.partition), None)

    def _produce(self, event: Event, delivered: Delivered | None) -> None:
        partition = -1 if event.partition is None else event.partition
        headers: list[tuple[str, str | bytes | None]] = list(event.headers)
        while True:
            try:
                self._producer.produce(
                    event.topic, event.value, event.key, partition, headers=headers, on_delivery=delivered
                )
                return
            except BufferError:
                self._producer.poll(0.05)

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (KafkaException, SystemError) as error:
            # What is fatal to the client it raises on the way to our delivery reports, which Python then wraps.
            cause = error.__cause__ if isinstance(error, SystemError) else error
            if not isinstance(cause, KafkaException):
                raise
            raise self._meant(cause.args[0], doing) from error

    def _meant(self, error: KafkaError, doing: str) -> AnabranchError:
        open_s, timeout_s = monotonic() - self._begun_s, TRANSACTION_TIMEOUT_MS / 1000
        if meaning_of(error, open_s, timeout_s) == "fenced":
            return Fenced(
                "Another replay of this pipeline has begun, and has taken the place of this one. What this one had"
                " committed stands, and is marked.",
                "Let the other end, then run this again: what is marked is left out.",
            )
        cause = raised_for(error, self._identity.instance_id, open_s, timeout_s)
        if isinstance(cause, AnabranchError):
            return cause
        what = f"Kafka failed while {doing}: {cause}. What was committed before is marked; nothing is written twice."
        return DependencyError(what, "See `anabranch doctor`, then run it again.")


def _offset(message: Message) -> int:
    return message.offset() or 0


def _has_place(message: Message) -> bool:
    """Whether a message is a record, or tells of the end of the partition."""
    error = message.error()
    return error is None or error.code() == KafkaError._PARTITION_EOF


def _ignore(_error: KafkaError) -> None:
    """Errors that no call raises are the client's own business: it reconnects by itself."""
