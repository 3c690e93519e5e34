"""Whole topics in Kafka, read up to a cut by one consumer that belongs to no group."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from time import monotonic
from typing import Any, Final, cast

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_client import client_settings
from adapters.kafka_facts import KafkaInquiry
from adapters.kafka_patience import bounds_of
from adapters.whole_log import Span, Spans, Stretch
from schemas.errors import DependencyError, LogCutShort

_ANSWER_S: Final = 10.0
_POLL_S: Final = 0.05
_PATIENCE_S: Final = 60.0
"""Longer than a transaction may stay open (`TRANSACTION_TIMEOUT_MS`), and the broker take to abort it."""
_MOST_ROWS: Final = 16_384
_AT_ONCE: Final = 4096
_LARGE: Final = 1 << 16
"""Messages of this size are not gathered: a dead letter may be of 17 MB."""
_CURE: Final = "See `anabranch doctor`."


class KafkaWholeLog:
    """`WholeLog` in Kafka; commits nothing, so it disturbs nobody.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._asker = self._consumer("read_uncommitted")
        self._reader = self._consumer("read_committed")
        self._partitions: dict[str, tuple[int, ...]] = {}

    def spans(self, topic: str) -> dict[int, Span]:
        """Offsets of each partition, with those of transactions that are still open."""
        return {partition: self._span(topic, partition) for partition in self._partitions_of(topic)}

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Where a group reads on."""
        found = [facts for facts in KafkaInquiry(self._bootstrap).groups(group) if facts.name == group]
        return {p: offset for facts in found for (t, p), offset in facts.positions.items() if t == topic}

    def read(self, topic: str, spans: Spans, with_keys: bool = False) -> Iterator[Stretch]:
        """Read committed records; raises `DependencyError` if a transaction stays open for a minute."""
        left = {p: span.end for p, span in spans.items() if span.first < span.end}
        if not left:
            return
        self._reader.assign([TopicPartition(topic, p, spans[p].first) for p in left])
        only = next(iter(left)) if len(left) == 1 else None
        moved_s = monotonic()
        while left:
            ends = dict(left)
            found = _stretch(topic, self._take(topic, left), with_keys, only)
            wanted = self._within(topic, found, ends, left)
            if len(wanted):
                moved_s = monotonic()
                yield wanted
            elif monotonic() - moved_s > _PATIENCE_S:
                what = f"{topic} gave nothing up to offset {min(left.values())} in {_PATIENCE_S:.0f} s."
                raise DependencyError(what, f"A transaction may be open there. {_CURE}")
        self._reader.unassign()

    def close(self) -> None:
        """Leave; may block briefly."""
        self._asker.close()
        self._reader.close()

    def _take(self, topic: str, left: dict[int, int]) -> list[Message]:
        """Take what waits, but for ends of partitions."""
        try:
            first = self._reader.poll(_POLL_S)
            messages = [] if first is None else [first]
            while messages and len(messages) < _MOST_ROWS:
                more = self._reader.consume(_AT_ONCE, 0)
                messages += more
                if len(more) < _AT_ONCE or len(more[-1].value() or b"") > _LARGE:
                    break
        except KafkaException as error:
            raise DependencyError(f"{topic} cannot be read: {error}.", _CURE) from error
        if not any(map(Message.error, messages)):
            return messages
        return [m for m in messages if not self._is_end(topic, m, left)]

    def _is_end(self, topic: str, message: Message, left: dict[int, int]) -> bool:
        error, partition = message.error(), message.partition() or 0
        if error is None:
            return False
        if error.code() == KafkaError._PARTITION_EOF:
            if partition in left and (message.offset() or 0) >= left[partition]:
                self._leave(topic, partition, left)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise LogCutShort(f"{topic} lost records while it was read: {error.str()}.", "Run it again.")
        elif error.fatal() or not error.retriable():
            raise DependencyError(f"{topic} cannot be read: {error.str()}.", _CURE)
        return True

    def _within(self, topic: str, found: Stretch, ends: dict[int, int], left: dict[int, int]) -> Stretch:
        """Take the rows before the ends; partitions that have come to theirs leave `left`, and are fetched no more."""
        if not len(found):
            return found
        rows_B = np.zeros(len(found), np.bool_)
        for partition, end in ends.items():
            mine_B = found.partition_B == partition
            rows_B |= mine_B & (found.offset_B < end)
            if mine_B.any() and found.offset_B[mine_B][-1] >= end - 1:
                self._leave(topic, partition, left)
        if rows_B.all():
            return found
        keep = np.flatnonzero(rows_B).tolist()
        keys = [found.keys[i] for i in keep] if found.keys else ()
        return Stretch(topic, found.partition_B[keep], found.offset_B[keep], [found.values[i] for i in keep], keys)

    def _leave(self, topic: str, partition: int, left: dict[int, int]) -> None:
        if left.pop(partition, None) is not None:
            self._reader.incremental_unassign([TopicPartition(topic, partition)])

    def _span(self, topic: str, partition: int) -> Span:
        try:
            bounds = bounds_of(self._asker, topic, partition, _ANSWER_S)
        except KafkaException as error:
            raise DependencyError(f"Kafka does not tell the offsets of {topic}: {error}.", _CURE) from error
        if bounds is None:
            raise DependencyError(f"Kafka did not tell the offsets of {topic} in {_ANSWER_S:.0f} s.", _CURE)
        return Span(*bounds)

    def _partitions_of(self, topic: str) -> tuple[int, ...]:
        if topic not in self._partitions:
            try:
                found = self._reader.list_topics(topic, _ANSWER_S).topics[topic]
            except KafkaException as error:
                raise DependencyError(f"Kafka does not answer: {error}.", "Run `anabranch up`.") from error
            if found.error is not None:
                raise DependencyError(f"Topic {topic} does not exist.", "Run `anabranch topics apply FILE`.")
            self._partitions[topic] = tuple(sorted(found.partitions))
        return self._partitions[topic]

    def _consumer(self, isolation: str) -> Consumer:
        settings: dict[str, Any] = {
            **client_settings(self._bootstrap),
            "group.id": "anabranch-verify",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "fetch.queue.backoff.ms": 5,
            "fetch.wait.max.ms": 20,
            "queued.max.messages.kbytes": 32 << 10,
        }
        return Consumer(settings)


def _stretch(topic: str, rows: list[Message], with_keys: bool, only: int | None) -> Stretch:
    """Lay messages out as columns; `only`: the one partition that they can be of."""
    partitions = map(Message.partition, rows) if only is None else repeat(only, len(rows))
    return Stretch(
        topic,
        np.fromiter(cast("Iterator[int]", partitions), np.int64, len(rows)),
        np.fromiter(cast("Iterator[int]", map(Message.offset, rows)), np.int64, len(rows)),
        [*map(Message.value, rows)],
        [*map(Message.key, rows)] if with_keys else (),
    )
