"""What the loop promises when processes are killed, frozen and joined by others: real Kafka only."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from adapters.local_stack import StackAddresses
from adapters.loop import run_loop
from adapters.loop.client_settings import SESSION_TIMEOUT_MS
from adapters.loop.failures import LoopBroken
from adapters.loop.sinks import TransactionalSink
from adapters.loop.work import Work
from adapters.metrics_memory import MemoryMetrics
from schemas.errors import Fenced
from tests.contracts.test_loop import PARTITIONS, by_key, numbered, some_rows
from tests.counting_job import CountingJob, context_for
from tests.kafka_topics import await_true, committed_rows, create_topics, is_consumed, send

ROWS, MORE = 6000, 2000
"""What there is at first, and what comes just before something is done to a process, so that it is at work then."""
Process = subprocess.Popen[bytes]


class Cast:
    """Processes of one counting job."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.job = CountingJob(f"f{uuid4().hex[:12]}")
        self.processes: list[Process] = []
        self.sent = 0
        create_topics(bootstrap, self.job.topics, PARTITIONS)
        self.send(ROWS)

    def send(self, rows: int) -> None:
        """Give it so many rows more."""
        send(self.bootstrap, self.job.inputs[0], some_rows(rows, self.sent))
        self.sent += rows

    def start(self, ordinal: int = 0) -> Process:
        command = [sys.executable, "-m", "tests.counting_process", self.bootstrap, self.name, str(ordinal)]
        self.processes.append(subprocess.Popen(command, cwd=Path(__file__).parents[2]))
        return self.processes[-1]

    @property
    def name(self) -> str:
        return self.job.inputs[0].partition(".")[0]

    def written(self) -> int:
        return len(committed_rows(self.bootstrap, self.job.output, PARTITIONS))

    def holders(self) -> set[str]:
        """Members of the group that have partitions."""
        group = f"{self.name}.counting"
        admin = AdminClient({"bootstrap.servers": self.bootstrap})  # it must outlive its answer
        members = admin.describe_consumer_groups([group])[group].result(30).members
        return {str(m.group_instance_id) for m in members if m.assignment.topic_partitions}

    def await_written(self, rows: int) -> None:
        await_true(lambda: self.written() >= rows)

    def await_done(self) -> None:
        group = f"{self.name}.counting"
        await_true(lambda: is_consumed(self.bootstrap, group, self.job.inputs[0], PARTITIONS), 90)

    def check(self) -> None:
        """Nothing is lost, nothing is doubled, and the numbers go on where they stopped."""
        found = by_key(committed_rows(self.bootstrap, self.job.output, PARTITIONS))
        assert found == numbered(some_rows(self.sent))


@pytest.fixture
def cast(stack: StackAddresses) -> Iterator[Cast]:
    found = Cast(stack.bootstrap)
    yield found
    for process in found.processes:
        process.kill()
        process.wait()


def test_kills_lose_nothing_and_double_nothing(cast: Cast) -> None:
    for killed in range(1, 4):
        process = cast.start()
        cast.await_written(killed * ROWS // 8)
        cast.send(MORE)
        process.kill()
        process.wait()
        assert cast.written() < cast.sent, "it had nothing to do when it was killed"
    last = cast.start()
    cast.await_done()
    last.terminate()
    assert last.wait(30) == 0
    cast.check()


@pytest.mark.timeout(300)
def test_a_frozen_process_is_fenced_by_its_successor(cast: Cast) -> None:
    frozen = cast.start()
    cast.await_written(ROWS // 8)
    cast.send(MORE)
    frozen.send_signal(signal.SIGSTOP)
    assert cast.written() < cast.sent
    cast.start()
    cast.await_done()
    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(60) == Fenced.exit_code
    cast.check()


@pytest.mark.timeout(300)
def test_a_process_frozen_for_longer_than_its_session_leaves_its_place_to_its_successor(cast: Cast) -> None:
    frozen = cast.start()
    cast.await_written(ROWS // 8)
    cast.send(MORE)
    frozen.send_signal(signal.SIGSTOP)
    successor = cast.start()
    cast.await_done()
    threading.Event().wait(SESSION_TIMEOUT_MS / 1000 + 1)  # its client, too, must find that the session is over
    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(60) == Fenced.exit_code
    successor.terminate()
    assert successor.wait(30) == 0, "it was not thrown out in turn"
    cast.check()


@pytest.mark.timeout(300)
def test_partitions_move_to_another_process_and_back(cast: Cast) -> None:
    first = cast.start(0)
    cast.await_written(ROWS // 8)
    second = cast.start(1)
    await_true(lambda: len(cast.holders()) == 2)
    cast.send(MORE)  # or the first might have done all before the second came
    cast.await_written(ROWS + 1)
    second.kill()
    cast.await_done()
    assert cast.holders() == {f"{cast.name}.counting.0"}
    first.terminate()
    assert first.wait(30) == 0
    cast.check()


def test_commits_that_fall_behind_pause_the_partitions(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_for(cast.bootstrap)
    commit, slow = TransactionalSink.commit, [3.0]  # one commit outlasts the loop's patience

    def late(sink: TransactionalSink, work: Work) -> None:
        if slow:
            threading.Event().wait(slow.pop())
        commit(sink, work)

    monkeypatch.setattr(TransactionalSink, "commit", late)
    loop = threading.Thread(
        target=run_loop, args=(context, cast.job, f"{cast.name}.counting"), kwargs={"max_batch": 16}
    )
    loop.start()
    cast.await_done()
    context.stop.set()
    loop.join(30)
    assert isinstance(context.metrics, MemoryMetrics)
    assert context.metrics.value("pauses_total") == 1
    cast.check()


def test_a_call_to_kafka_that_does_not_come_back_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    context, over = context_for(cast.bootstrap), threading.Event()
    monkeypatch.setattr("adapters.loop.session.HUNG_AFTER_S", 0.2)
    monkeypatch.setattr(TransactionalSink, "commit", lambda *_: over.wait(120))
    loop = threading.Thread(target=run_loop, args=(context, cast.job, f"{cast.name}.counting"))
    loop.start()
    try:
        await_true(lambda: context.health.silent_s > 2.0)
    finally:
        over.set()
        context.stop.set()
        loop.join(60)


def test_clients_that_never_close_are_left_behind(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    context, over = context_for(cast.bootstrap), threading.Event()
    commit, abandon, broken = TransactionalSink.commit, TransactionalSink.abandon, [True]

    def breaks(sink: TransactionalSink, work: Work) -> None:
        if broken:
            broken.clear()
            monkeypatch.setattr(TransactionalSink, "abandon", lambda *_: over.wait(120))
            raise LoopBroken("once")
        monkeypatch.setattr(TransactionalSink, "abandon", abandon)
        commit(sink, work)

    monkeypatch.setattr("adapters.loop.session.CLOSE_S", 0.2)
    monkeypatch.setattr(TransactionalSink, "commit", breaks)
    loop = threading.Thread(target=run_loop, args=(context, cast.job, f"{cast.name}.counting"))
    loop.start()
    try:
        cast.await_done()
    finally:
        over.set()
        context.stop.set()
        loop.join(60)
    assert isinstance(context.metrics, MemoryMetrics)
    assert context.metrics.value("left_behind_total") == 1
    cast.check()
