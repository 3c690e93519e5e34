"""One suite of laws over the learner's ties to Kafka, real and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Protocol
from uuid import uuid4

import pytest

from adapters.learner_announcer_kafka import KafkaAnnouncer
from adapters.learner_log_memory import MemoryAnnouncer, MemoryPartitionLog, MemoryTopics, MemoryVersions
from adapters.learner_ports import Announcer, PartitionLog, VersionsLog
from adapters.local_stack import StackAddresses
from adapters.loop.client_settings import Identity
from adapters.partition_log_kafka import KafkaPartitionLog
from adapters.versions_kafka import KafkaVersions
from schemas.errors import DataError, Fenced
from schemas.records import Outgoing
from schemas.versions import THINNED
from tests.kafka_topics import create_topics, send


class World(Protocol):
    versions: str

    def append(self, values: list[bytes]) -> None: ...
    def log(self) -> PartitionLog: ...
    def announcer(self) -> Announcer: ...
    def reader(self) -> VersionsLog: ...
    def renewed(self) -> VersionsLog: ...


class MemoryWorld:
    versions = "versions"

    def __init__(self) -> None:
        self._topics = MemoryTopics()

    def append(self, values: list[bytes]) -> None:
        self._topics.append(*values)

    def log(self) -> PartitionLog:
        return MemoryPartitionLog(self._topics)

    def announcer(self) -> Announcer:
        return MemoryAnnouncer(self._topics, self.versions)

    def reader(self) -> VersionsLog:
        return MemoryVersions(self._topics, self.versions)

    def renewed(self) -> VersionsLog:
        return MemoryVersions(MemoryTopics(), self.versions)


class KafkaWorld:
    def __init__(self, bootstrap: str) -> None:
        name = f"t{uuid4().hex[:12]}"
        self.versions, self._examples, self._bootstrap = f"{name}.versions", f"{name}.examples", bootstrap
        self._identity = Identity(bootstrap, f"{name}.learner", 0)
        create_topics(bootstrap, [self.versions, self._examples], 1)

    def append(self, values: list[bytes]) -> None:
        send(self._bootstrap, self._examples, [(None, value) for value in values])

    def log(self) -> PartitionLog:
        return KafkaPartitionLog(self._bootstrap, self._examples, 0)

    def announcer(self) -> Announcer:
        return KafkaAnnouncer(self._identity, (self._examples, 0), self.versions)

    def reader(self) -> VersionsLog:
        return KafkaVersions(self._bootstrap, self.versions)

    def renewed(self) -> VersionsLog:
        name = f"t{uuid4().hex[:12]}.versions"
        create_topics(self._bootstrap, [name], 1)
        return KafkaVersions(self._bootstrap, name)


@pytest.fixture(params=["memory", "kafka"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
    else:
        stack: StackAddresses = request.getfixturevalue("stack")
        yield KafkaWorld(stack.bootstrap)


def read_to_end(log: PartitionLog) -> list[tuple[int, bytes | None]]:
    rows: list[tuple[int, bytes | None]] = []
    while True:
        records = log.read(7, 0.2)
        rows += zip(records.offset_B.tolist(), records.values, strict=True)
        if log.is_at_end:
            return rows


def version(world: World, *numbers: int) -> Outgoing:
    return Outgoing(world.versions, [str(n).encode() for n in numbers], [b"version %d" % n for n in numbers])


def thinned(world: World, number: int) -> Outgoing:
    return Outgoing(world.versions, [b"%d" % number], [b"thinned %d" % number], headers=[(THINNED,)])


def test_a_log_is_read_in_order_from_where_its_reader_says(world: World) -> None:
    values = [b"%d" % i for i in range(30)]
    world.append(values)
    with closing(world.log()) as log:
        for start in (0, 11, 30):
            log.seek(start)
            assert read_to_end(log) == list(enumerate(values))[start:]
        world.append([b"later"])
        assert read_to_end(log) == [(30, b"later")]
        assert (log.end().first, log.end().next) == (0, 31)


def test_a_reader_may_go_back_in_the_midst_and_on_again_whatever_was_fetched_ahead(world: World) -> None:
    values = [b"%d" % i for i in range(3000)]
    world.append(values)

    def some(log: PartitionLog, first: int) -> int:
        """Read a piece that must begin at an offset; return the offset after it."""
        while not (records := log.read(50, 0.2)).values:
            assert not log.is_at_end
        assert records.offset_B.tolist() == list(range(first, first + len(records.values)))
        assert records.values == values[first : first + len(records.values)]
        return first + len(records.values)

    with closing(world.log()) as log:
        log.seek(0)
        place = some(log, some(log, 0))
        for behind in (0, 3, 40):
            log.seek(behind)
            some(log, some(log, behind))
            log.seek(place)
            place = some(log, place)
        log.seek(2990)
        assert read_to_end(log) == list(enumerate(values))[2990:]


def test_a_log_that_does_not_reach_there_is_not_the_one_it_was(world: World) -> None:
    world.append([b"only"])
    with closing(world.log()) as log, pytest.raises(DataError, match="1, "):
        log.seek(5)


def test_what_was_announced_is_found_again_however_much_came_before(world: World) -> None:
    with closing(world.announcer()) as first:
        assert first.told() == 0
        assert list(first.announced(0)) == []
        for number in range(1, 60):
            first.send([version(world, number)], number)
    with closing(world.announcer()) as second:
        assert second.told() == 59
        for after in (0, 17, 57, 58, 59, 99):
            found = {(a.number, a.value) for a in second.announced(after)}
            assert found == {(n, b"version %d" % n) for n in range(after + 1, 60)}


def test_of_a_topic_that_was_made_just_now_there_are_none(world: World) -> None:
    for _ in range(5):
        with closing(world.renewed()) as reader:
            assert list(reader.newest_first()) == []


def test_thinned_versions_stand_among_newer_ones_and_mislead_nobody(world: World) -> None:
    keep, last = 5, 40
    with closing(world.announcer()) as announcer, closing(world.reader()) as reader:
        assert list(reader.newest_first()) == []
        for number in range(1, last + 1):
            old = [thinned(world, number - keep)] if number > keep else []
            announcer.send([version(world, number), *old], number)
    # A transaction is seen when its markers are written, which is soon after its commit; a successor waits for that.
    with closing(world.announcer()) as announcer, closing(world.reader()) as reader:
        for after in (0, 3, last - keep, last - 1, last):
            found = {a.number: a.thinned for a in announcer.announced(after) if not a.thinned}
            assert sorted(found) == list(range(after + 1, last + 1)), "those not thinned are all there"
        newest = list(reader.newest_first())
        assert sorted(a.number for a in newest) == list(range(1, last + 1)), "each once"
        whole = [(a.number, a.value) for a in newest if not a.thinned]
        assert whole == [(n, b"version %d" % n) for n in range(last, last - keep, -1)], "in its latest form"
        assert {a.value for a in newest if a.thinned} == {b"thinned %d" % n for n in range(1, last - keep + 1)}


def test_a_successor_fences_and_sees_all_that_was_told(world: World) -> None:
    with closing(world.announcer()) as zombie:
        zombie.send([version(world, 1)], 10)
        with closing(world.announcer()) as successor:
            with pytest.raises(Fenced):
                zombie.send([version(world, 2)], 20)
            assert [a.number for a in successor.announced(0)] == [1]
            assert successor.told() == 10
