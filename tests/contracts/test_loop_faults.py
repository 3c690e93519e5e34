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
from adapters.loop.sinks import TransactionalSink
from adapters.loop.work import Work
from adapters.metrics_memory import MemoryMetrics
from schemas.errors import Fenced
from tests.contracts.test_loop import PARTITIONS, by_key, numbered, some_rows
from tests.counting_job import CountingJob, context_for
from tests.kafka_topics import await_true, committed_rows, create_topics, is_consumed, send

ROWS = 6000
Process = subprocess.Popen[bytes]


class Cast:
    """Processes of one counting job."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.job = CountingJob(f"f{uuid4().hex[:12]}")
        self.processes: list[Process] = []
        create_topics(bootstrap, self.job.topics, PARTITIONS)
        send(bootstrap, self.job.inputs[0], some_rows(ROWS))

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
        assert found == numbered(some_rows(ROWS))


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
        process.kill()
        process.wait()
    assert cast.written() < ROWS, "the kills came too late to mean anything"
    last = cast.start()
    cast.await_done()
    last.terminate()
    assert last.wait(30) == 0
    cast.check()


@pytest.mark.timeout(300)
def test_a_frozen_process_is_fenced_by_its_successor(cast: Cast) -> None:
    frozen = cast.start()
    cast.await_written(ROWS // 8)
    frozen.send_signal(signal.SIGSTOP)
    assert cast.written() < ROWS
    cast.start()
    cast.await_done()
    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(60) == Fenced.exit_code
    cast.check()


@pytest.mark.timeout(300)
def test_a_process_frozen_for_longer_than_its_session_leaves_its_place_to_its_successor(cast: Cast) -> None:
    frozen = cast.start()
    cast.await_written(ROWS // 8)
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
    second.kill()
    assert cast.written() < ROWS, "it came too late to work"
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
