"""What was started is remembered exactly, and a damaged memory is named, not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.local_stack.processes import ProcessId
from adapters.local_stack.stack import down, find_stack
from adapters.local_stack.state import Server, State, load_state, save_state, state_file
from adapters.local_stack.status import status, tail
from schemas.errors import DataError, DependencyError


def server(tmp_path: Path) -> Server:
    log = tmp_path / "kafka.log"
    log.write_text("first\n\nlast\n")
    return Server("kafka", ProcessId(2**22 + 1, "boot+7"), 9092, (str(log),), "Apache Kafka")


def test_state_survives_the_file(tmp_path: Path) -> None:
    state: State = {"kafka": server(tmp_path)}
    save_state(tmp_path, state)
    assert load_state(tmp_path) == state


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"name": "kafka"}]', "null"])
def test_damaged_state_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    state_file(tmp_path).write_text(content)
    with pytest.raises(DataError, match=r"stack\.json"):
        load_state(tmp_path)


def test_server_that_is_gone_has_crashed_and_its_log_is_quoted(tmp_path: Path) -> None:
    save_state(tmp_path, {"kafka": server(tmp_path)})
    kafka, redis = status(tmp_path).servers
    assert (kafka.condition, kafka.last_words) == ("crashed", ("first", "last"))
    assert redis.condition == "stopped"


def test_crashed_server_has_no_address_to_give(tmp_path: Path) -> None:
    save_state(tmp_path, {"kafka": server(tmp_path)})
    with pytest.raises(DependencyError, match="Kafka"):
        find_stack(tmp_path, redis_url="redis://elsewhere:6379")


def test_given_addresses_need_no_stack(tmp_path: Path) -> None:
    found = find_stack(tmp_path, "kafka:9092", "redis://redis:6379/0")
    assert (found.bootstrap, found.redis_url) == ("kafka:9092", "redis://redis:6379/0")


def test_down_without_a_stack_touches_nothing(tmp_path: Path) -> None:
    assert down(tmp_path / "nowhere") == ()
    assert not (tmp_path / "nowhere").exists()


def test_tail_of_a_long_log_is_its_last_dozen_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {i} {'x' * 100}\n" for i in range(1000)))
    assert [line.split()[1] for line in tail(log)] == [str(i) for i in range(988, 1000)]
