"""One suite of laws over the batch loop on real Kafka and its twin in memory."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol
from uuid import uuid4

import pytest

from adapters.local_stack import StackAddresses
from adapters.loop import run_loop
from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from adapters.ports import Batch, Outputs
from schemas.errors import DataError
from tests.counting_job import CountingJob, context_for
from tests.kafka_topics import Row, await_true, committed_rows, create_topics, is_consumed, send

PARTITIONS = 3


class World(Protocol):
    """A broker with the counting job's topics, and a loop to run jobs in."""

    name: str

    def send(self, topic: str, rows: Iterable[Row]) -> None: ...
    def run(self, job: CountingJob) -> None:
        """Run until all input is committed and a tick has come at its end, then stop in good order."""
        ...

    def rows(self, topic: str) -> list[Row]: ...


class MemoryWorld:
    def __init__(self) -> None:
        self.name = "memory"
        self.broker = MemoryBroker(dict.fromkeys(CountingJob(self.name).topics, PARTITIONS))

    def send(self, topic: str, rows: Iterable[Row]) -> None:
        keys, values = zip(*rows, strict=True)
        self.broker.send(topic, values, keys)

    def run(self, job: CountingJob) -> None:
        run_job_in_memory(job, self.broker, max_batch=17, rng=random.Random(7))

    def rows(self, topic: str) -> list[Row]:
        return [(stored.key, stored.value) for stored in self.broker.records(topic)]


class KafkaWorld:
    def __init__(self, bootstrap: str, exactly_once: bool) -> None:
        self.name = f"t{uuid4().hex[:12]}"
        self.bootstrap = bootstrap
        self.exactly_once = exactly_once
        create_topics(bootstrap, CountingJob(self.name).topics, PARTITIONS)

    def send(self, topic: str, rows: Iterable[Row]) -> None:
        send(self.bootstrap, topic, rows)

    def run(self, job: CountingJob) -> None:
        context, group, failures = context_for(self.bootstrap), f"{self.name}.counting", list[Exception]()

        def loop() -> None:
            try:
                run_loop(context, job, group, self.exactly_once, max_batch=17)
            except Exception as failure:
                failures.append(failure)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            await_true(lambda: not thread.is_alive() or (context.health.readiness.ok and self._is_done(job, group)))
        finally:
            context.stop.set()
            thread.join(30)
        assert not thread.is_alive(), "the loop does not stop"
        if failures:
            raise failures[0]

    def _is_done(self, job: CountingJob, group: str) -> bool:
        at_rest = bool(job.batches) and len(job.batches[-1].at_end) == len(job.inputs) * PARTITIONS
        return at_rest and all(is_consumed(self.bootstrap, group, topic, PARTITIONS) for topic in job.inputs)

    def rows(self, topic: str) -> list[Row]:
        return committed_rows(self.bootstrap, topic, PARTITIONS)


@pytest.fixture(params=["memory", "kafka", "kafka at least once"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        return MemoryWorld()
    stack: StackAddresses = request.getfixturevalue("stack")
    return KafkaWorld(stack.bootstrap, exactly_once=request.param == "kafka")


def some_rows(count: int, first: int = 0) -> list[Row]:
    return [(b"k%d" % (i % 7), b"%d" % i) for i in range(first, first + count)]


def by_key(rows: Iterable[Row]) -> dict[bytes | None, list[bytes | None]]:
    found: defaultdict[bytes | None, list[bytes | None]] = defaultdict(list)
    for key, value in rows:
        found[key].append(value)
    return dict(found)


def numbered(rows: Iterable[Row]) -> dict[bytes | None, list[bytes | None]]:
    """What the counting job must make of rows, worked out plainly."""
    return {
        key: [b"%d:%s" % (n, value or b"") for n, value in enumerate(values, 1)] for key, values in by_key(rows).items()
    }


def test_every_row_is_answered_once_and_in_the_order_of_its_key(world: World) -> None:
    job = CountingJob(world.name)
    world.send(job.inputs[0], some_rows(200))
    world.run(job)
    assert by_key(world.rows(job.output)) == numbered(some_rows(200))


def test_state_and_position_outlive_the_process(world: World) -> None:
    for first in (0, 50, 100):
        world.send(f"{world.name}.in.v1", some_rows(50, first))
        world.run(CountingJob(world.name))
    assert by_key(world.rows(f"{world.name}.out.v1")) == numbered(some_rows(150))


def test_a_tombstone_in_the_changelog_is_forgotten_state(world: World) -> None:
    world.send(f"{world.name}.in.v1", [(b"a", b"x"), (b"a", b"y"), (b"b", b"x"), (b"a", b"forget")])
    world.run(CountingJob(world.name))
    world.send(f"{world.name}.in.v1", [(b"a", b"z"), (b"b", b"z")])
    world.run(CountingJob(world.name))
    last = {key: values[-1] for key, values in by_key(world.rows(f"{world.name}.out.v1")).items()}
    assert last == {b"a": b"1:z", b"b": b"2:z"}


def test_each_partition_taken_is_given_back(world: World) -> None:
    job = CountingJob(world.name)
    world.send(job.inputs[0], some_rows(20))
    world.run(job)
    assert job.counts == {}


def test_ticks_come_at_the_end_of_all_partitions(world: World) -> None:
    job = CountingJob(world.name)
    world.send(job.inputs[0], some_rows(20))
    world.run(job)
    ends = {(job.inputs[0], p) for p in range(PARTITIONS)}
    assert any(not batch.records and batch.at_end == ends for batch in job.batches)


def test_batches_are_bounded_and_in_offset_order(world: World) -> None:
    job = CountingJob(world.name)
    world.send(job.inputs[0], some_rows(100))
    world.run(job)
    records = [r for batch in job.batches for r in batch.records]
    assert all(len(r.values) <= 17 for r in records)
    for partition in range(PARTITIONS):
        offsets = [o for r in records for o in r.offset_B[r.partition_B == partition].tolist()]
        assert offsets == list(range(len(offsets)))


class FailingJob(CountingJob):
    """Stumbles over one value."""

    def process(self, batch: Batch) -> Outputs:
        if any(b"66" in r.values for r in batch.records):
            raise DataError("66 cannot be")
        return super().process(batch)


def test_the_error_of_a_job_comes_out_and_nothing_of_its_batch_is_committed(world: World) -> None:
    world.send(f"{world.name}.in.v1", some_rows(100))
    with pytest.raises(DataError):
        world.run(FailingJob(world.name))
    assert not any((value or b"").endswith(b":66") for _, value in world.rows(f"{world.name}.out.v1"))
    world.run(CountingJob(world.name))
    answered = {(value or b"").partition(b":")[2] for _, value in world.rows(f"{world.name}.out.v1")}
    assert answered == {value for _, value in some_rows(100)}
