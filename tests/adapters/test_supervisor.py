"""What was started is watched, and started again if that was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.local_stack.processes import is_alive, kill, wait_until
from adapters.supervisor import Supervisor
from schemas.errors import DependencyError

REFUSED = ["status", "--no-such-option"]
"""Ends at once, with what it says in its log."""


def check_until_restarted(supervisor: Supervisor, times: int) -> None:
    while len(supervisor.restarted) < times:
        supervisor.check()
        threading.Event().wait(0.05)


@pytest.fixture
def told() -> list[int]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[int]) -> Iterator[Supervisor]:
    found = Supervisor(tmp_path / "logs", restarts=True, started=lambda children: told.append(len(children)))
    yield found
    found.stop()


def test_the_end_of_one_is_told_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    child = supervisor.start("refused", REFUSED)
    assert wait_until(lambda: not is_alive(child.process), 30)
    with pytest.raises(DependencyError, match=r"refused has ended:(.|\n)*No such option"):
        supervisor.check()


def test_what_has_ended_is_started_again_and_its_log_goes_on(supervisor: Supervisor, told: list[int]) -> None:
    child = supervisor.start("refused", REFUSED)
    check_until_restarted(supervisor, 2)
    (again,) = supervisor.children
    assert again.process != child.process
    assert told == [1, 1, 1], "whoever keeps the list of processes hears of each start"
    assert wait_until(lambda: child.log.read_text().count("No such option") == 3, 30)


def test_one_that_was_let_go_is_not_started_again(supervisor: Supervisor) -> None:
    supervisor.start("refused", REFUSED)
    child = supervisor.let_go("refused")
    assert wait_until(lambda: not is_alive(child.process), 30)
    supervisor.check()
    assert supervisor.children == ()
    supervisor.take_in(child)
    check_until_restarted(supervisor, 1)


def test_a_kill_asks_nothing(supervisor: Supervisor) -> None:
    child = supervisor.start("refused", REFUSED)
    supervisor.kill("refused")
    assert not is_alive(child.process)
    assert supervisor.children == ()
    kill(child.process)  # one that is gone already is nobody
