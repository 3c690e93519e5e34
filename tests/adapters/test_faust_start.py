"""How a Faust worker starts: nothing that comes meanwhile is lost, and it says that it is ready when it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from faust.tables.recovery import Recovery
from faust.tables.table import Table
from faust.transport.consumer import Consumer

from adapters.context import Context
from adapters.faust_consumer import CommittedConsumer
from adapters.faust_progress import Reaching
from adapters.faust_worker import _Worker, run_table_worker
from adapters.health import Health
from adapters.kafka_client import client_settings
from adapters.local_stack import StackAddresses
from adapters.ports import Records
from adapters.topics_admin import apply_topics
from schemas.contracts import Contracts, contracts_of
from schemas.errors import DependencyError
from tests.adapters.test_faust_worker import Nothing
from tests.kafka_topics import await_true, create_topics, send
from tests.models.drift.pipelines import small_pipeline
from tests.process_thread import context_of, running

ROWS = 40


class Place:
    """A pipeline of its own, with a table of one row to restore."""

    def __init__(self, stack: StackAddresses, home: Path, name: str) -> None:
        self.contracts: Contracts = contracts_of(small_pipeline(pipeline=name, topics={"partitions": 1}))
        self.topic, self.group = f"{name}.sketches.v1", f"{name}.noting"
        self.values: list[bytes | None] = []
        self.was_ready: list[bool] = []
        apply_topics(self.contracts.pipeline, stack.bootstrap)
        create_topics(stack.bootstrap, [f"{self.group}-table-changelog"], 1)
        send(stack.bootstrap, f"{self.group}-table-changelog", [(b"key", b"value")])
        self.context: Context = context_of(self.contracts, stack, home, "drift_watch")
        self._producer = Producer({**client_settings(stack.bootstrap), "transactional.id": f"{name}-test"})
        self._producer.init_transactions(30)

    def write(self, first: int, size: int, commit: bool = True) -> None:
        self._producer.begin_transaction()
        for n in range(first, first + size):
            self._producer.produce(self.topic, b"%d" % n, b"k", 0)
        self._producer.flush(30)
        self._producer.commit_transaction(30) if commit else self._producer.abort_transaction(30)

    def run(self, context: Context) -> None:
        def noting(records: Records, table: Mapping[bytes, bytes], now_ms: float) -> Nothing:
            assert dict(table) == {b"key": b"value"}
            self.values += records.values
            self.was_ready.append(context.health.readiness.ok)
            return Nothing()

        run_table_worker(context, self.group, self.topic, "table", noting)


class Turns:
    """Makes steps of Faust wait until its fetcher asks for records once more, or has come back with what there was."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.asks, self.is_back = asyncio.Condition(), asyncio.Condition()
        fetch = CommittedConsumer._getmany

        async def noted(*args: Any, **options: Any) -> Any:
            await _tell(self.asks)
            records = await fetch(*args, **options)
            await _tell(self.is_back)
            return records

        patch.setattr(CommittedConsumer, "_getmany", noted)

    def once_before(self, owner: type, name: str, turn: asyncio.Condition) -> None:
        step: Callable[..., Any] = getattr(owner, name)

        async def waited(*args: Any) -> Any:
            self._patch.setattr(owner, name, step)
            async with turn:
                await asyncio.wait_for(turn.wait(), 30)
            return await step(*args)

        self._patch.setattr(owner, name, waited)


async def _tell(turn: asyncio.Condition) -> None:
    async with turn:
        turn.notify_all()


@contextmanager
def writing(place: Place, size: int) -> Iterator[None]:
    """Writes a record a transaction on a thread of its own, and waits for the last at the end."""

    def write() -> None:
        for n in range(size):
            place.write(n, 1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)


def test_what_comes_after_its_table_is_restored_and_before_its_topic_is_sought_is_not_lost(
    stack: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(monkeypatch)
    turns.once_before(Table, "on_changelog_event", turns.asks)  # so that the fetcher waits when its table is restored
    turns.once_before(Table, "on_recovery_completed", turns.is_back)
    place = Place(stack, tmp_path, "between")
    with running(place.run, place.context), writing(place, ROWS):
        await_true(lambda: b"%d" % (ROWS - 1) in place.values, 60)
    assert place.values == [b"%d" % n for n in range(ROWS)]


def test_what_is_there_before_its_queues_are_emptied_is_not_lost(
    stack: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(monkeypatch)
    turns.once_before(Consumer, "perform_seek", turns.is_back)
    turns.once_before(_Worker, "_one", turns.is_back)  # so that others are queued
    place = Place(stack, tmp_path, "queued")
    place.write(0, ROWS)
    with running(place.run, place.context):
        await_true(lambda: b"%d" % (ROWS - 1) in place.values, 60)
    assert place.values == [b"%d" % n for n in range(ROWS)]


def test_it_is_ready_when_all_that_was_there_is_handled_and_not_before(stack: StackAddresses, tmp_path: Path) -> None:
    place = Place(stack, tmp_path, "readying")
    rows = 50 * ROWS
    place.write(0, rows)
    place.write(rows, 1, commit=False)  # so that nobody ever handles what stands at the end
    with running(place.run, place.context):
        await_true(lambda: place.context.health.readiness.ok, 60)
        assert len(place.values) == rows
        place.write(rows, 1)
        await_true(lambda: len(place.values) > rows, 60)
    assert place.was_ready == [False] * rows + [True]


def test_a_start_that_gets_nowhere_says_so_and_ends(
    stack: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Recovery, "on_recovery_completed", never)
    monkeypatch.setattr("adapters.faust_worker._STILL_AFTER_S", 2.0)
    place = Place(stack, tmp_path, "nowhere")
    with running(place.run, place.context, may_fail=True) as failures:
        await_true(place.context.stop.is_set, 60)
    (failure,) = failures
    assert isinstance(failure, DependencyError)
    assert "stands still" in str(failure)


def test_who_waits_beside_one_that_has_the_partition_is_not_ended(
    stack: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_idle, spared = Reaching.is_idle, 0

    def noted(reaching: Reaching, app: Any) -> bool:
        nonlocal spared
        found = is_idle(reaching, app)
        spared += found
        return found

    async def look(reaching: Reaching, app: Any) -> bool:
        # From when it has started: asked of whoever is not ready, whether it may stand still.
        monkeypatch.setattr("adapters.faust_worker._STILL_AFTER_S", 0.5 if is_idle(reaching, app) else 90.0)
        return await reach(reaching, app)

    reach = Reaching.look
    place = Place(stack, tmp_path, "beside")
    beside = replace(place.context, ordinal=1, home=tmp_path / "beside", stop=threading.Event(), health=Health())
    with running(place.run, place.context):
        await_true(lambda: place.context.health.readiness.ok, 60)
        monkeypatch.setattr(Reaching, "is_idle", noted)
        monkeypatch.setattr(Reaching, "look", look)
        with running(place.run, beside):
            await_true(lambda: spared >= 3, 60)
            assert not beside.stop.is_set()
            assert not beside.health.readiness.ok
