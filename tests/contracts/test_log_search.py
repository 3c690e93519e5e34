"""One suite of laws over searches of the log, real and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Protocol
from uuid import uuid4

import numpy as np
import pytest
from confluent_kafka import Producer

from adapters.log_search import LogSearch, Stretch, Wanted, every
from adapters.log_search_kafka import KafkaLogSearch
from adapters.log_search_memory import MemoryLogSearch
from adapters.memory_broker import MemoryBroker
from schemas.errors import AnabranchError
from tests.kafka_topics import Row, await_true, create_topics, send

PARTITIONS = 3
NAMES = tuple(f"t{uuid4().hex[:12]}" for _ in range(3))


class World(Protocol):
    def append(self, topic: str, rows: list[Row]) -> None: ...
    def transact(self, topic: str, rows: list[Row]) -> None: ...
    def new_topic(self) -> str: ...
    def search(self) -> LogSearch: ...


class MemoryWorld:
    def __init__(self) -> None:
        self._broker, self._now_ms = MemoryBroker(dict.fromkeys(NAMES, PARTITIONS)), 1000

    def append(self, topic: str, rows: list[Row]) -> None:
        self._now_ms += 1000
        self._broker.send(topic, [v for _, v in rows], [k for k, _ in rows], timestamp_ms=self._now_ms)

    def transact(self, topic: str, rows: list[Row]) -> None:
        self.append(topic, rows)

    def new_topic(self) -> str:
        name = f"t{uuid4().hex[:12]}"
        self._broker.create(name, PARTITIONS)
        return name

    def search(self) -> LogSearch:
        return MemoryLogSearch(self._broker)


class KafkaWorld:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        create_topics(bootstrap, NAMES, PARTITIONS)

    def append(self, topic: str, rows: list[Row]) -> None:
        send(self._bootstrap, topic, rows)

    def transact(self, topic: str, rows: list[Row]) -> None:
        producer = Producer({"bootstrap.servers": self._bootstrap, "transactional.id": f"{topic}-search"})
        producer.init_transactions(30)
        for dropped in (True, False):
            producer.begin_transaction()
            for key, value in rows:
                producer.produce(topic, b"dropped" if dropped else value, key)
            (producer.abort_transaction if dropped else producer.commit_transaction)(30)

    def new_topic(self) -> str:
        name = f"t{uuid4().hex[:12]}"
        create_topics(self._bootstrap, [name], PARTITIONS)
        return name

    def search(self) -> LogSearch:
        return KafkaLogSearch(self._bootstrap)


ROWS: list[Row] = [(b"k%d" % (i % 7), b"v%d" % i) for i in range(300)]


@pytest.fixture(scope="module", params=["memory", "kafka"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = (
        MemoryWorld() if request.param == "memory" else KafkaWorld(request.getfixturevalue("stack").bootstrap)
    )
    found.append(NAMES[0], ROWS)
    found.append(NAMES[1], [(None, b"other")])
    return found


@pytest.fixture
def search(world: World) -> Iterator[LogSearch]:
    with closing(world.search()) as found:
        yield found


def values(search: LogSearch, stretches: tuple[Stretch, ...], wanted: Wanted = every) -> list[bytes | None]:
    return [value for records in search.find(stretches, wanted) for value in records.values]


def test_all_that_is_held_is_found_once(search: LogSearch) -> None:
    stretches = search.stretches(NAMES[0])
    assert [s.partition for s in stretches] == list(range(PARTITIONS))
    assert sum(map(len, stretches)) == len(ROWS)
    assert sorted(map(repr, values(search, stretches))) == sorted(repr(v) for _, v in ROWS)


def test_what_is_wanted_comes_with_its_place_and_nothing_else(search: LogSearch) -> None:
    stretches = search.stretches(NAMES[0])
    found = [r for r in search.find(stretches, lambda key, _: key == b"k3") if r.values]
    assert {r.topic for r in found} == {NAMES[0]}
    assert [v for r in found for v in r.values] == [v for k, v in ROWS if k == b"k3"]
    offsets = np.concatenate([r.offset_B for r in found])
    assert (np.diff(offsets) > 0).all()
    (partition,) = {int(p) for r in found for p in r.partition_B}
    at = Stretch(NAMES[0], partition, int(offsets[4]), int(offsets[4]) + 1)
    assert values(search, (at,)) == [[v for k, v in ROWS if k == b"k3"][4]]


def test_stretches_of_several_topics_and_one_after_the_other(search: LogSearch) -> None:
    both = (*search.stretches(NAMES[1]), *search.stretches(NAMES[0])[:1])
    assert b"other" in values(search, both)
    assert sorted(map(repr, values(search, both))) == sorted(map(repr, values(search, both[::-1])))
    assert values(search, ()) == []


def test_it_tells_how_far_it_has_come(search: LogSearch) -> None:
    told: list[tuple[int, int]] = []
    for _ in search.find(search.stretches(NAMES[0]), lambda *_: False, lambda *at: told.append(at)):
        pass
    assert told == sorted(told)
    assert told[-1] == (len(ROWS), len(ROWS))


def test_who_stops_asking_can_search_again(search: LogSearch) -> None:
    stretches = search.stretches(NAMES[0])
    assert next(records for records in search.find(stretches) if records.values)
    assert len(values(search, stretches)) == len(ROWS)


def test_time_cuts_off_what_came_before(search: LogSearch) -> None:
    for stretch in search.stretches(NAMES[0]):
        times = np.concatenate([r.timestamp_B for r in search.find([stretch])])
        assert search.since(stretch, float(times[0])) == stretch
        assert len(search.since(stretch, float(times[-1]) + 60_000)) == 0
        middle = search.since(stretch, float(times[len(times) // 2]))
        assert times[middle.first - stretch.first] >= times[len(times) // 2]


def test_topics_that_were_made_just_now_are_empty(world: World, search: LogSearch) -> None:
    for _ in range(5):
        topic = world.new_topic()
        assert search.stretches(topic) == tuple(Stretch(topic, p, 0, 0) for p in range(PARTITIONS))


def test_a_topic_that_is_not_there_is_told(search: LogSearch) -> None:
    with pytest.raises(AnabranchError, match="nowhere"):
        search.stretches("nowhere")


def test_records_that_come_meanwhile_are_not_of_the_stretch(world: World, search: LogSearch) -> None:
    stretches = search.stretches(NAMES[1])
    world.append(NAMES[1], [(None, b"later")])
    assert b"later" not in values(search, stretches)


def test_a_stretch_that_ends_in_a_transactions_marker_ends(world: World, search: LogSearch) -> None:
    world.transact(NAMES[2], ROWS[:50])
    # Kafka calls a transaction committed before its markers stand in each partition.
    await_true(lambda: len(values(search, search.stretches(NAMES[2]))) >= 50)
    assert sorted(map(repr, values(search, search.stretches(NAMES[2])))) == sorted(repr(v) for _, v in ROWS[:50])
