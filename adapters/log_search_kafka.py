"""Looking for records in Kafka: many are passed over for each that is wanted, so they are judged before all else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Final

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_client import client_settings
from adapters.kafka_patience import bounds_of, once_led
from adapters.kafka_records import is_at_end, records_of
from adapters.log_search import Passed, Stretch, Wanted, every, unheard
from schemas.errors import DependencyError
from schemas.records import Records

_ANSWER_S: Final = 10.0
_WAIT_S: Final = 0.5
_PATIENCE: Final = 60
_AT_ONCE: Final = 10_000
_CURE: Final = "See `anabranch doctor`."
Place = tuple[str, int]


class KafkaLogSearch:
    """`LogSearch` in Kafka; commits nothing.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    """

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                **client_settings(bootstrap),
                "group.id": "anabranch-search",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                # What retention takes away while we read is passed over: it can no longer be found.
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 5,
                "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 16 << 10,
            }
        )

    def stretches(self, topic: str) -> tuple[Stretch, ...]:
        """What each partition holds now. Blocks up to ten seconds a partition, and as long for one that none leads."""
        try:
            found = self._consumer.list_topics(topic, _ANSWER_S).topics[topic]
            if found.error is not None:
                raise DependencyError(f"Topic {topic} does not exist.", "Run `anabranch topics apply FILE`.")
            return tuple(Stretch(topic, p, *self._bounds(topic, p)) for p in sorted(found.partitions))
        except KafkaException as error:
            raise DependencyError(f"Kafka does not tell what {topic} holds: {error}.", _CURE) from error

    def since(self, stretch: Stretch, time_ms: float) -> Stretch:
        """Cut off what comes before a Kafka timestamp. Blocks up to ten seconds."""
        asked = TopicPartition(stretch.topic, stretch.partition, max(0, int(time_ms)))
        try:
            (found,) = once_led(lambda: self._consumer.offsets_for_times([asked], _ANSWER_S), _ANSWER_S)
        except KafkaException as error:
            raise DependencyError(f"Kafka does not find times in {stretch.topic}: {error}.", _CURE) from error
        first = stretch.end if found.offset == OFFSET_END else max(stretch.first, found.offset)
        return Stretch(stretch.topic, stretch.partition, min(first, stretch.end), stretch.end)

    def find(self, stretches: Sequence[Stretch], wanted: Wanted = every, passed: Passed = unheard) -> Iterator[Records]:
        """Read stretches and yield what is wanted."""
        search = _Search([stretch for stretch in stretches if len(stretch)])
        self._consumer.assign([TopicPartition(s.topic, s.partition, s.first) for s in search.open.values()])
        try:
            while search.open:
                rows, ended = self._sorted(self._read())
                judged = zip(rows, map(Message.key, rows), map(Message.value, rows), strict=True)
                picked = [row for row, key, value in judged if wanted(key, value) and search.holds(row)]
                search.pass_by(rows, ended)
                passed(search.passed, search.total)
                yield from records_of(picked)
        finally:
            self._consumer.unassign()

    def close(self) -> None:
        """Leave; may block briefly."""
        self._consumer.close()

    def _sorted(self, messages: list[Message]) -> tuple[list[Message], list[Place]]:
        """Records, and partitions that are at their end; trouble that does not pass is raised."""
        errors = [message.error() for message in messages]
        if all(error is None for error in errors):
            return messages, []
        ended: list[Place] = []
        for message, error in zip(messages, errors, strict=True):
            if error is None:
                continue
            if error.code() != KafkaError._PARTITION_EOF and (error.fatal() or not error.retriable()):
                raise DependencyError(f"Kafka cannot be read: {error.str()}.", _CURE)
            if error.code() == KafkaError._PARTITION_EOF and is_at_end(self._consumer, message):
                ended.append((message.topic() or "", message.partition() or 0))
        return [m for m, error in zip(messages, errors, strict=True) if error is None], ended

    def _bounds(self, topic: str, partition: int) -> tuple[int, int]:
        bounds = bounds_of(self._consumer, topic, partition, _ANSWER_S)
        if bounds is None:
            raise DependencyError(f"Kafka did not tell the offsets of {topic} in {_ANSWER_S:.0f} s.", _CURE)
        return bounds

    def _read(self) -> list[Message]:
        try:
            for attempt in count():
                first = self._consumer.poll(_WAIT_S)
                if first is not None:
                    return [first, *self._consumer.consume(_AT_ONCE, 0)]
                if attempt == _PATIENCE:
                    raise DependencyError(f"Kafka gave nothing in {_PATIENCE * _WAIT_S:.0f} s.", _CURE)
        except KafkaException as error:
            raise DependencyError(f"Kafka cannot be read: {error}.", _CURE) from error
        raise AssertionError("count never ends")


class _Search:
    """Which stretches are still open, and how many of their offsets have been passed."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self.open = {(s.topic, s.partition): s for s in stretches}
        self.total = sum(map(len, stretches))
        self._left = {place: len(s) for place, s in self.open.items()}

    @property
    def passed(self) -> int:
        """Offsets behind us."""
        return self.total - sum(self._left.values())

    def holds(self, row: Message) -> bool:
        """Whether a record is of an open stretch."""
        stretch = self.open.get((row.topic() or "", row.partition() or 0))
        return stretch is not None and (row.offset() or 0) < stretch.end

    def pass_by(self, rows: Sequence[Message], ended: Iterable[Place]) -> None:
        """Take note of how far partitions have come, and close the stretches that are behind us."""
        # Later rows win, so each partition's last offset is left; nothing here runs in Python for each row.
        places = zip(map(Message.topic, rows), map(Message.partition, rows), strict=True)
        last = dict(zip(places, map(Message.offset, rows), strict=True))
        for (topic, partition), offset in [*last.items(), *((place, sys.maxsize) for place in ended)]:
            place = (topic or "", partition or 0)
            if (stretch := self.open.get(place)) is not None:
                self._left[place] = max(0, stretch.end - (offset or 0) - 1)
                if self._left[place] == 0:
                    del self.open[place]
