"""The drift watch on a real broker: one drift for one shift, through stops, kills and aborted writes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer

from adapters.context import Context
from adapters.local_stack import StackAddresses
from adapters.tail import Tail
from adapters.topics_admin import apply_topics, list_topics
from schemas.contracts import Contracts, contracts_of
from stream_jobs.drift_watch.job import run
from tests.models.drift.pipelines import small_pipeline
from tests.process_thread import PATIENCE_S, context_of, running
from tests.stream_jobs.drift_watch.traffic import drifts, sketches


def contracts_called(name: str) -> Contracts:
    return contracts_of(small_pipeline(pipeline=name, topics={"partitions": 2}))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


def write(contracts: Contracts, bootstrap: str, values: list[bytes], commit: bool = True) -> None:
    name = contracts.pipeline.pipeline
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"{name}-test"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(f"{name}.sketches.v1", value, b"predictions", 0)
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)


def found(contracts: Contracts, bootstrap: str) -> list[dict[str, Any]]:
    values: list[bytes | None] = []
    with Tail(bootstrap, [f"{contracts.pipeline.pipeline}.drift.v1"]) as tail:
        while not tail.is_at_end:
            values += [value for records in tail.read() for value in records.values]
    return drifts(contracts, values)


@contextmanager
def watching(contracts: Contracts, stack: StackAddresses, home: Path) -> Iterator[Context]:
    """A drift watch on a thread, stopped as by SIGTERM at the end; what it raises is raised."""
    context = context_of(contracts, stack, home, "drift_watch")
    with running(run, context):
        yield context


def read_all(context: Context, count: int) -> Callable[[], bool]:
    return lambda: context.stop.is_set() or context.metrics.value("sketches_total") >= count  # type: ignore[attr-defined]


def test_a_shift_is_one_drift_through_a_restart_and_aborted_writes(stack: StackAddresses, tmp_path: Path) -> None:
    contracts = contracts_called("shifted")
    apply_topics(contracts.pipeline, stack.bootstrap)
    write(contracts, stack.bootstrap, sketches(contracts, range(4), moved=6))
    write(contracts, stack.bootstrap, sketches(contracts, range(4, 9), moved=4), commit=False)
    with watching(contracts, stack, tmp_path) as context:
        wait_for(read_all(context, 8), "the first windows are read")
        wait_for(lambda: context.health.readiness.ok, "it is ready")
    assert found(contracts, stack.bootstrap) == []
    write(contracts, stack.bootstrap, sketches(contracts, range(4, 9), moved=6))
    with watching(contracts, stack, tmp_path) as context:
        wait_for(read_all(context, 10), "the other windows are read")
        assert context.metrics.value("drifts_total", source="predictions", severity="act") == 1  # type: ignore[attr-defined]
        assert context.metrics.value("late_rows_total", source="predictions") == 0  # type: ignore[attr-defined]
    assert [drift["id"] for drift in found(contracts, stack.bootstrap)] == [b"predictions:600"]
    changelog = list_topics(stack.bootstrap, "shifted.drift_watch")["shifted.drift_watch-windows-changelog"]
    assert changelog.partitions == 1


def test_killed_in_the_middle_it_says_nothing_twice_and_forgets_nothing(stack: StackAddresses, tmp_path: Path) -> None:
    contracts = contracts_called("killed")
    apply_topics(contracts.pipeline, stack.bootstrap)
    file = tmp_path / "killed.yaml"
    document = contracts.pipeline.model_dump(mode="json", exclude_none=True)
    file.write_text(yaml.safe_dump(document, sort_keys=False))  # the order of fields is that of the columns
    write(contracts, stack.bootstrap, sketches(contracts, range(7), moved=5))
    command = [sys.executable, "-m", "services.cli", "run", "drift_watch", "--pipeline", str(file)]
    where = ["--home", str(tmp_path), "--bootstrap", stack.bootstrap, "--redis", stack.redis_url, "--http-port", "0"]
    process = subprocess.Popen([*command, *where])
    try:
        wait_for(lambda: bool(found(contracts, stack.bootstrap)), "the drift is reported")
    finally:
        process.kill()
        process.wait(PATIENCE_S)
    write(contracts, stack.bootstrap, sketches(contracts, range(7, 12), moved=5))
    with watching(contracts, stack, tmp_path) as context:
        wait_for(read_all(context, 10), "the rest is read")
        wait_for(lambda: context.health.readiness.ok, "it is ready")
    assert {drift["id"] for drift in found(contracts, stack.bootstrap)} == {b"predictions:500"}


def test_a_fault_ends_the_process_and_loses_no_sketch(
    stack: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = contracts_called("faulty")
    apply_topics(contracts.pipeline, stack.bootstrap)
    write(contracts, stack.bootstrap, sketches(contracts, range(8), moved=5))
    with monkeypatch.context() as patched:
        patched.setattr("stream_jobs.drift_watch.core.advance", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(context_of(contracts, stack, tmp_path, "drift_watch"))
    with watching(contracts, stack, tmp_path) as context:
        wait_for(read_all(context, 16), "all is read after all")
    assert len(found(contracts, stack.bootstrap)) == 1
