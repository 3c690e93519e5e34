"""One suite of laws over reading dead letters and writing events back, real and in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Protocol
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from adapters.dlq_kafka import KafkaLetterLog, KafkaReplayDoor, replay_identity
from adapters.dlq_memory import DoorKeeper, MemoryLetterLog, MemoryReplayDoor
from adapters.dlq_ports import Event, Landed, LetterLog, ReplayDoor
from adapters.learner_ports import LogEnd
from adapters.local_stack import StackAddresses
from adapters.loop.client_settings import Identity, transactional_settings
from adapters.memory_broker import MemoryBroker
from adapters.partitioner import partition_of
from adapters.topics_admin import apply_topics
from schemas.errors import Fenced
from schemas.records import Outgoing, Records
from schemas.topics import MAX_MESSAGE_BYTES, topic_name
from services.dlq.core_replay import ENVELOPE_BYTES
from tests.kafka_topics import create_topics, send
from tests.schemas.pipelines import small_pipeline

PARTITIONS = 2
Row = tuple[int, int, bytes | None, bytes | None, object]


class World(Protocol):
    letters: str
    events: str

    def append(self, values: Sequence[bytes]) -> None: ...
    def log(self, topic: str) -> LetterLog: ...
    def door(self) -> ReplayDoor: ...


class MemoryWorld:
    letters, events = "letters", "events"

    def __init__(self) -> None:
        self._broker = MemoryBroker({self.letters: PARTITIONS, self.events: PARTITIONS})
        self._keeper = DoorKeeper()

    def append(self, values: Sequence[bytes]) -> None:
        self._broker.send(self.letters, values, values)

    def log(self, topic: str) -> LetterLog:
        return MemoryLetterLog(self._broker, topic)

    def door(self) -> ReplayDoor:
        return MemoryReplayDoor(self._broker, self._keeper)


class KafkaWorld:
    def __init__(self, bootstrap: str) -> None:
        name = f"t{uuid4().hex[:12]}"
        self.letters, self.events = f"{name}.letters", f"{name}.events"
        self.identity = replay_identity(bootstrap, name)
        create_topics(bootstrap, [self.letters, self.events], PARTITIONS)

    def append(self, values: Sequence[bytes]) -> None:
        send(self.identity.bootstrap, self.letters, [(value, value) for value in values])

    def log(self, topic: str) -> LetterLog:
        return KafkaLetterLog(self.identity, topic)

    def door(self) -> ReplayDoor:
        return KafkaReplayDoor(self.identity)


@pytest.fixture(params=["memory", "kafka"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
    else:
        yield kafka_world(request.getfixturevalue("stack"))


def kafka_world(stack: StackAddresses) -> KafkaWorld:
    return KafkaWorld(stack.bootstrap)


def rows_of(records: Records) -> list[Row]:
    columns = (records.partition_B.tolist(), records.offset_B.tolist(), records.keys, records.values, records.headers)
    return list(zip(*columns, strict=True))


def all_rows(world: World, topic: str) -> list[Row]:
    with closing(world.log(topic)) as log:
        return [row for p, span in log.bounds().items() for some in log.read(p, span) for row in rows_of(some)]


def event(world: World, key: bytes | None, partition: int | None = None) -> Event:
    return Event(world.events, key, b"value of " + (key or b"none"), (("a", b"1"), ("a", b"2")), partition)


def test_a_log_is_read_up_to_where_it_ended(world: World) -> None:
    values = [b"%d" % i for i in range(300)]
    world.append(values)
    with closing(world.log(world.letters)) as log:
        bounds = log.bounds()
        world.append([b"later"] * 5)
        found = [row for p, span in bounds.items() for some in log.read(p, span) for row in rows_of(some)]
        assert sorted(row[3] or b"" for row in found) == sorted(values)
        assert [row[:2] for row in found] == sorted(row[:2] for row in found)
        (one,) = [row for some in log.read(1, LogEnd(3, 4)) for row in rows_of(some)]
        assert one[:2] == (1, 3)


def test_events_land_where_it_says_with_their_marks(world: World) -> None:
    told: list[Landed] = []

    def marks(landed: Sequence[Landed]) -> Sequence[Outgoing]:
        told.extend(landed)
        return [Outgoing(world.letters, [b"mark"], [b"%d" % len(landed)], 1)]

    keys = [b"N%d" % i for i in range(20)]
    with closing(world.door()) as door:
        door.write([*(event(world, key) for key in keys), event(world, None, 1)], marks)
        door.write([event(world, keys[0])], marks)
    stands = {(p, o): (key, value, headers) for p, o, key, value, headers in all_rows(world, world.events)}
    assert len(stands) == len(told) == 22
    for key, at in zip([*keys, None, keys[0]], told, strict=True):
        wanted = event(world, key)
        assert stands[at.partition, at.offset] == (key, wanted.value, wanted.headers)
        assert at.partition == (1 if key is None else partition_of(key, PARTITIONS))
    assert [row[3] for row in all_rows(world, world.letters)] == [b"21", b"1"]


def test_nothing_stands_of_what_fails(world: World) -> None:
    def fail(_landed: Sequence[Landed]) -> Sequence[Outgoing]:
        raise ZeroDivisionError

    with closing(world.door()) as door, pytest.raises(ZeroDivisionError):
        door.write([event(world, b"k")], fail)
    with closing(world.door()) as door:
        door.write([event(world, b"again")], lambda _: [])
    assert [row[2] for row in all_rows(world, world.events)] == [b"again"]


def test_the_door_opened_later_fences_the_one_before(world: World) -> None:
    with closing(world.door()) as earlier, closing(world.door()) as later:
        with pytest.raises(Fenced):
            earlier.write([event(world, b"earlier")], lambda _: [])
        later.write([event(world, b"later")], lambda _: [])
    assert [row[2] for row in all_rows(world, world.events)] == [b"later"]


def test_what_a_killed_replay_left_open_is_never_seen(stack: StackAddresses) -> None:
    """As after kill -9: the events have reached the broker, the mark and the commit have not."""
    world = kafka_world(stack)
    killed = Producer(transactional_settings(world.identity, 0, lambda _: None))
    killed.init_transactions(30)
    killed.begin_transaction()
    killed.produce(world.events, b"value", b"half-way")
    assert killed.flush(30) == 0
    with closing(world.door()) as door:
        door.write([event(world, b"again")], lambda _: [])
    assert [row[2] for row in all_rows(world, world.events)] == [b"again"]


def test_reading_waits_for_transactions_that_were_open_when_it_began(stack: StackAddresses) -> None:
    """Else a mark that a predecessor has just committed could stay unseen behind another process' open one."""
    world = kafka_world(stack)
    other = Producer(transactional_settings(Identity(stack.bootstrap, f"{world.letters}.other", 0), 0, lambda _: None))
    other.init_transactions(30)
    other.begin_transaction()
    other.produce(world.letters, b"open", b"k", 0)
    assert other.flush(30) == 0
    send_to_first = Producer({"bootstrap.servers": stack.bootstrap})
    send_to_first.produce(world.letters, b"committed behind it", b"k", 0)
    assert send_to_first.flush(30) == 0
    with closing(world.log(world.letters)) as log:
        bounds = log.bounds()
        assert bounds[0].next == 2
        other.commit_transaction(30)
        assert [row[3] for some in log.read(0, bounds[0]) for row in rows_of(some)] == [b"open", b"committed behind it"]


def test_the_largest_event_goes_back(stack: StackAddresses) -> None:
    pipeline = small_pipeline(f"t{uuid4().hex[:12]}")
    apply_topics(pipeline, stack.bootstrap)
    identity, labels = replay_identity(stack.bootstrap, pipeline.pipeline), topic_name(pipeline.pipeline, "labels")
    largest = Event(labels, b"k", bytes(MAX_MESSAGE_BYTES - ENVELOPE_BYTES - 1), ())
    with closing(KafkaReplayDoor(identity)) as door, closing(KafkaLetterLog(identity, labels)) as log:
        door.write([largest], lambda _: [])
        (row,) = [row for p, span in log.bounds().items() for some in log.read(p, span) for row in rows_of(some)]
    assert row[3] == largest.value
