"""Processes that were written down are ended by `down`; others, and recycled pids, are left alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from adapters.local_stack import down, keep
from adapters.local_stack.kept import kept_file, load_kept
from adapters.local_stack.processes import ProcessId, end, is_alive, spawn
from schemas.errors import DataError


def test_down_ends_what_was_kept_and_nothing_else(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    ours, other = (spawn(sleep, tmp_path / f"{i}.log", os.environ) for i in range(2))
    try:
        keep(tmp_path, {"learner": ours, "predictor": ProcessId(other.pid, "another boot+1")})
        assert down(tmp_path) == ("learner",)
        assert not is_alive(ours)
        assert is_alive(other)
        assert down(tmp_path) == ()
    finally:
        end([ours, other], 5)


def test_kept_processes_survive_the_file(tmp_path: Path) -> None:
    processes = {"learner": ProcessId(7, "boot+1"), "predictor": ProcessId(8, "boot+2")}
    keep(tmp_path, processes)
    assert load_kept(tmp_path) == processes


@pytest.mark.parametrize("content", ["", "[1]", '{"learner": 7}', '{"learner": ["x", "y"]}'])
def test_damaged_file_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    kept_file(tmp_path).write_text(content)
    with pytest.raises(DataError, match=r"processes\.json"):
        load_kept(tmp_path)
