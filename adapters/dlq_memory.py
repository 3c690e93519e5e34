"""Dead letters and their way back, in memory: for tests, and to try a replay without a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.dlq_ports import Event, Landed, Marks
from adapters.learner_ports import LogEnd
from adapters.memory_broker import MemoryBroker
from adapters.partitioner import partition_of
from schemas.errors import Fenced
from schemas.records import Outgoing, Records

_AT_ONCE: Final = 64


class MemoryLetterLog:
    """`LetterLog` over a topic of a `MemoryBroker`. Never blocks."""

    def __init__(self, broker: MemoryBroker, topic: str) -> None:
        self._broker, self._topic = broker, topic

    def bounds(self) -> Mapping[int, LogEnd]:
        """Where each partition begins and ends."""
        partitions = range(self._broker.partitions(self._topic))
        return {p: LogEnd(0, self._broker.end((self._topic, p))) for p in partitions}

    def read(self, partition: int, span: LogEnd) -> Iterator[Records]:
        """Read a stretch of a partition."""
        for first in range(span.first, span.next, _AT_ONCE):
            yield self._broker.read(self._topic, [(partition, first, min(first + _AT_ONCE, span.next))])

    def close(self) -> None:
        """Nothing to leave."""


@dataclass(slots=True)
class DoorKeeper:
    """Knows which door was opened last; shared by all that stand for one broker."""

    opened: int = 0


class MemoryReplayDoor:
    """`ReplayDoor` over a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, keeper: DoorKeeper) -> None:
        self._broker, self._keeper = broker, keeper
        keeper.opened += 1
        self._number = keeper.opened

    def write(self, events: Sequence[Event], marks: Marks) -> None:
        """Append events and marks, or nothing."""
        if self._number != self._keeper.opened:
            raise Fenced("Another replay has begun.", "Let it end.")
        landed = self._landed(events)
        told = marks(landed)
        outs = [
            Outgoing(e.topic, [e.key], [e.value], at.partition, [e.headers])
            for e, at in zip(events, landed, strict=True)
        ]
        self._broker.commit("replay", [*outs, *told], {})

    def close(self) -> None:
        """Nothing to leave."""

    def _landed(self, events: Sequence[Event]) -> list[Landed]:
        added, landed = Counter[tuple[str, int]](), list[Landed]()
        for event in events:
            place = (event.topic, self._partition(event))
            landed.append(Landed(place[1], self._broker.end(place) + added[place]))
            added[place] += 1
        return landed

    def _partition(self, event: Event) -> int:
        if event.partition is not None:
            return event.partition
        assert event.key is not None, "an event without a key must name its partition"
        return partition_of(event.key, self._broker.partitions(event.topic))
