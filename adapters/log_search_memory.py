"""Looking for records in the broker in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from adapters.log_search import Passed, Stretch, Wanted, every, unheard
from adapters.memory_broker import MemoryBroker
from schemas.records import Records


class MemoryLogSearch:
    """`LogSearch` over a `MemoryBroker`. Never blocks."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def stretches(self, topic: str) -> tuple[Stretch, ...]:
        """What each partition holds now."""
        return tuple(Stretch(topic, p, 0, self._broker.end((topic, p))) for p in range(self._broker.partitions(topic)))

    def since(self, stretch: Stretch, time_ms: float) -> Stretch:
        """Cut off what comes before a Kafka timestamp."""
        log = self._broker.records(stretch.topic, stretch.partition)
        first = next((o for o in range(stretch.first, stretch.end) if log[o].timestamp_ms >= time_ms), stretch.end)
        return Stretch(stretch.topic, stretch.partition, first, stretch.end)

    def find(self, stretches: Sequence[Stretch], wanted: Wanted = every, passed: Passed = unheard) -> Iterator[Records]:
        """Read stretches and yield what is wanted."""
        total = sum(map(len, stretches))
        for topic, parts in groupby(stretches, lambda stretch: stretch.topic):
            yield self._broker.read(topic, [place for part in parts for place in self._wanted(part, wanted)])
        passed(total, total)

    def close(self) -> None:
        """Nothing to leave."""

    def _wanted(self, part: Stretch, wanted: Wanted) -> Iterator[tuple[int, int, int]]:
        log = self._broker.records(part.topic, part.partition)
        for offset in range(part.first, part.end):
            if wanted(log[offset].key, log[offset].value):
                yield part.partition, offset, offset + 1
