"""A pipeline in memory with dead letters, for tests of what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.dlq_memory import DoorKeeper, MemoryLetterLog, MemoryReplayDoor
from adapters.dlq_ports import Event, Landed, Marks
from adapters.memory_broker import MemoryBroker, Stored
from schemas.contracts import Contracts, contracts_of
from schemas.dead_letters import dead_letters
from schemas.decoded import Fault
from schemas.records import Headers, Outgoing
from schemas.topics import TOPICS, Role, topic_name
from services.dlq.core_replay import rules_of
from services.dlq.core_select import Selection
from services.dlq.letter import Letter
from services.dlq.reading import LetterReader
from services.dlq.replaying import Tally, replay
from tests.schemas.pipelines import small_pipeline

CONTRACTS: Contracts = contracts_of(small_pipeline("letters"))
PARTITIONS = 3


def topic(role: Role) -> str:
    return topic_name("letters", role)


@dataclass(frozen=True)
class Unusable:
    """An event that some process could not use."""

    role: Role = "labels"
    reason: str = "bad_label"
    key: bytes = b"k"
    value: bytes = b"v"
    headers: Headers = ()
    partition: int = 0
    process: str = "label_join"
    at: float = 0.0


class Crash(Exception):
    """The process ends here."""


@dataclass
class CrashingDoor:
    """A door through which only so many transactions go; the next one ends the process, before or after its commit."""

    door: MemoryReplayDoor
    left: int
    after_commit: bool

    def write(self, events: Sequence[Event], marks: Marks) -> None:
        if self.left > 0 or self.after_commit:
            self.door.write(events, marks if self.left > 0 or self.after_commit else _crash)
        if self.left <= 0:
            raise Crash
        self.left -= 1

    def close(self) -> None: ...


def _crash(_landed: Sequence[Landed]) -> Sequence[Outgoing]:
    raise Crash


@dataclass
class Rig:
    broker: MemoryBroker = field(
        default_factory=lambda: MemoryBroker({topic(spec.role): PARTITIONS for spec in TOPICS} | {"other": PARTITIONS})
    )
    keeper: DoorKeeper = field(default_factory=DoorKeeper)

    def bury(self, events: Sequence[Unusable]) -> None:
        """Put each on its topic, and make a dead letter of it there."""
        for event in events:
            name = topic(event.role)
            offset = self.broker.end((name, event.partition))
            self.broker.send(name, [event.value], [event.key or None], event.partition, [event.headers])
            records = self.broker.read(name, [(event.partition, offset, offset + 1)])
            self.broker.append(
                dead_letters(CONTRACTS, records, [Fault(0, event.reason, "made up")], event.process, event.at)
            )

    def reader(self) -> LetterReader:
        return LetterReader(CONTRACTS, MemoryLetterLog(self.broker, topic("dead-letters")), lambda *_: None)

    def letters(self, selection: Selection | None = None) -> list[Letter]:
        found = self.reader().letters(selection or Selection())
        return [letters.letter(row) for letters in found for row in range(len(letters))]

    def door(self) -> MemoryReplayDoor:
        return MemoryReplayDoor(self.broker, self.keeper)

    def replay(self, selection: Selection | None = None, again: bool = False, at_once: int = 500) -> Tally:
        door = self.door()
        found = self.reader().letters(selection or Selection())
        return replay(CONTRACTS, rules_of(CONTRACTS, again), found, door, lambda: 1.0, at_once)

    def replay_until(self, transactions: int, after_commit: bool, at_once: int) -> None:
        """Begin a replay that ends by a crash."""
        door = CrashingDoor(self.door(), transactions, after_commit)
        found = self.reader().letters(Selection())
        try:
            replay(CONTRACTS, rules_of(CONTRACTS, again=False), found, door, lambda: 1.0, at_once)
        except Crash:
            return

    def stored(self, role: Role) -> list[Stored]:
        return self.broker.records(topic(role))
