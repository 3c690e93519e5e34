"""A process is known by pid and start time, and only that process is ever signalled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.local_stack.processes import ProcessId, end, is_alive, spawn, start_time, wait_until

SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER


@contextmanager
def running(script: str, tmp_path: Path) -> Iterator[ProcessId]:
    output = tmp_path / "output"
    process = spawn([sys.executable, "-c", script], output, os.environ)
    try:
        assert wait_until(lambda: output.exists() and "awake" in output.read_text(), 20)
        yield process
    finally:
        end([process], 0.0)


def test_spawned_process_lives_in_a_session_of_its_own(tmp_path: Path) -> None:
    with running(SLEEPER, tmp_path) as process:
        assert is_alive(process)
        assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_ended_process_is_not_alive_though_its_parent_never_waited(tmp_path: Path) -> None:
    with running(SLEEPER, tmp_path) as process:
        assert end([process], 20) == ()
        assert not is_alive(process)


def test_process_that_will_not_end_is_killed(tmp_path: Path) -> None:
    with running(STUBBORN, tmp_path) as process:
        assert end([process], 0.2) == (process,)
        assert not is_alive(process)


def test_recycled_pid_is_neither_alive_nor_touched() -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPER]) as stranger:
        ours = ProcessId(stranger.pid, "another boot+1")
        assert not is_alive(ours)
        assert end([ours], 0.0) == ()
        assert is_alive(ProcessId(stranger.pid, start_time(stranger.pid)))
        stranger.kill()


def test_unknown_pid_has_no_start_time_and_an_empty_start_time_is_nobody() -> None:
    assert start_time(2**22 + 1) == ""
    assert not is_alive(ProcessId(os.getpid(), ""))


def test_program_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn([str(tmp_path / "nothing")], tmp_path / "output", os.environ)
