"""Redis loses all of its data under load: the service says so, goes on, and is whole again, to the byte."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import redis
import yaml
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from pipelines.flights import events
from schemas.status import Status
from schemas.versions import is_thinned
from services.cli.assembly import assemble
from services.cli.session import Session
from tests.kafka_topics import await_true
from tests.redis_process import RedisProcess
from tests.system.laws import (
    check_answered_once,
    check_labels_accounted,
    check_learner,
    check_vectors_against_a_plain_computation,
    check_verified,
)
from tests.system.outcome import read_records
from tests.system.running import Plan, Run, flights_text, run_loop

NAME, DAYS = "flights-store-lost", 2.0
SLOW = DAYS * 86_400 / 20
"""Event time per wall time: slow enough for traffic to go on while the store is empty."""
Dump = dict[bytes, object]


@dataclass
class Loss:
    """Empties Redis once, under load, with the learner held until somebody has been told."""

    url: str
    at_answers: int
    degraded: int = 0
    back_s: float = 0.0
    pointer_before: int = 0

    def __call__(self, session: Session, answers: int) -> None:
        if self.pointer_before or answers < self.at_answers:
            return
        client = connect(self.url)
        store = RedisModelStore(client, NAME)
        pointer = store.current()
        if pointer is None or pointer.number < 2:
            return
        self.pointer_before = pointer.number
        learner = next(c.process.pid for c in session.supervisor.children if c.name == "learner")
        os.kill(learner, signal.SIGSTOP)
        client.flushall()
        try:
            await_true(lambda: session.watcher.view().statuses.get("degraded", 0) > 0, 30)
        finally:
            os.kill(learner, signal.SIGCONT)
        released = time.monotonic()
        await_true(lambda: store.current() is not None, 30)
        self.back_s = time.monotonic() - released
        self.degraded = session.watcher.view().statuses["degraded"]
        client.close()


@dataclass(frozen=True)
class Lost:
    """A run during which Redis lost its data, and the server that did."""

    run: Run
    loss: Loss
    stack: StackAddresses
    file: Path
    client: redis.Redis


@pytest.fixture(scope="module")
def lost(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    folder = tmp_path_factory.mktemp("store-lost")
    server = RedisProcess(folder / "redis")
    server.start()
    own, loss = replace(stack, redis_url=server.url), Loss(server.url, at_answers=400)
    data = yaml.safe_load(flights_text(NAME))
    data["replay"]["max_model_lag"] = "1d"
    data["learner"] |= {"keep_versions": 3, "keep_artefacts": 4}
    text = yaml.safe_dump(data, sort_keys=False)
    run = run_loop(own, folder, text, events(DAYS), Plan(speed=SLOW, disturb=loss))
    client = connect(server.url)
    yield Lost(run, loss, own, folder / "pipeline.yaml", client)
    client.close()
    server.kill()


def test_service_degrades_says_so_and_is_whole_again_by_itself(lost: Lost) -> None:
    assert lost.loss.pointer_before >= 2
    assert lost.loss.degraded > 0
    predictions = lost.run.outcome.predictions
    degraded = predictions["status"] == Status.DEGRADED
    assert any(b"lost" in reason for reason in predictions["reason"][degraded].tolist())
    assert (predictions["version"][degraded] >= lost.loss.pointer_before - 1).all(), "the last good model serves"
    last = np.argsort(predictions["answered_at"])[-100:]
    assert set(predictions["status"][last].tolist()) == {Status.OK}


def test_nothing_is_lost_doubled_or_learned_otherwise(lost: Lost) -> None:
    check_answered_once(lost.run)
    check_labels_accounted(lost.run)
    check_learner(lost.run)
    check_verified(lost.run, lost.stack)


def test_answers_that_say_ok_were_on_the_right_windows(lost: Lost) -> None:
    predictions = lost.run.outcome.predictions
    well = {i.decode() for i in predictions["request_id"][predictions["status"] == Status.OK].tolist()}
    stream = [event for event in events(DAYS) if event.kind != "request" or event.id in well]
    check_vectors_against_a_plain_computation(lost.run, stream, sample=40)


def test_artefacts_and_versions_are_kept_as_the_file_says(lost: Lost) -> None:
    numbers = lost.run.outcome.versions["number"].tolist()
    records = read_records(lost.run.contracts, lost.stack.bootstrap, "versions", "Version")
    assert sorted(records["number"][is_thinned(records)].tolist()) == numbers[:-4] != []
    assert rebuild(lost) == (0, numbers[:-4:-1])
    assert RedisModelStore(lost.client, NAME).numbers() == numbers[-3:]


def test_the_stores_are_made_again_to_the_byte(lost: Lost) -> None:
    rebuild(lost)
    before = dump(lost.client)
    assert any(b":f:" in key for key in before)
    lost.client.flushall()
    assert check(lost) == 5
    assert rebuild(lost)[0] == 0
    assert dump(lost.client) == before
    assert check(lost) == 0


def call(lost: Lost, *options: str) -> tuple[int, str]:
    where = ["--bootstrap", lost.stack.bootstrap, "--redis", lost.stack.redis_url]
    argv = ["store", "rebuild", str(lost.file), *where, *options, "--json"]
    result = CliRunner().invoke(assemble(argv), argv)
    return result.exit_code, result.stdout


def rebuild(lost: Lost) -> tuple[int, list[int]]:
    code, text = call(lost)
    models = json.loads(text)["models"]
    return code, sorted(models["present"] + models["restored"], reverse=True)


def check(lost: Lost) -> int:
    return call(lost, "--check")[0]


def dump(client: redis.Redis) -> Dump:
    """All that Redis holds; of a watermark its time and windows, for each life of a store has a token of its own."""
    found: Dump = {}
    for key in client.scan_iter():
        kind = client.type(key)
        if kind == b"string":
            value = client.get(key)
            assert isinstance(value, bytes)
            found[key] = value[:12] if b":w:" in key else value
        elif kind == b"hash":
            found[key] = client.hgetall(key)
        else:
            found[key] = client.zrange(key, 0, -1) if kind == b"zset" else client.smembers(key)
    return found
