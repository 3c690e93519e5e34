"""Processes that outlive the command which started them, known by pid *and* start time.

A pid alone is not a name: once its process has gone the system gives it to another. So every question and
every signal here compares the start time first, and a recycled pid is never mistaken for ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.02
KILLED_WITHIN_S = 20.0
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process for all time: its pid and when it started, in the system's own notation."""

    pid: int
    started: str


def spawn(argv: Sequence[str], output: Path, environ: Mapping[str, str], keep_output: bool = False) -> ProcessId:
    """Start a program in a session of its own (Ctrl-C in our terminal does not reach it).

    Parameters
    ----------
    argv : sequence of str
        Absolute path of the program, then its arguments.
    output : Path
        File for standard output and error.
    keep_output : bool
        Write after what the file holds; else it is emptied first.

    Raises
    ------
    OSError
        The program cannot be executed.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if keep_output else os.O_TRUNC)
    redirect = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # Python ignores these two signals; a child would inherit that.
    reset = [signal.SIGPIPE, signal.SIGXFSZ]
    pid = os.posix_spawn(argv[0], list(argv), dict(environ), file_actions=redirect, setsid=True, setsigdef=reset)
    return ProcessId(pid, start_time(pid))


def start_time(pid: int) -> str:
    """Return when a process started, or "" if there is none or it has ended."""
    _reap(pid)
    return _start_time_from_proc(pid) if (PROC / "self/stat").exists() else _start_time_from_ps(pid)


def _reap(pid: int) -> None:
    # Where we are the parent, one that has ended stays visible until somebody waits for it.
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _start_time_from_proc(pid: int) -> str:
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The second field, the name, may hold anything; the fields after it are counted from its bracket.
    fields = stat.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    # Ticks count from boot, so they tell processes apart only together with which boot it was.
    boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "" if state in "ZX" else f"{boot}+{ticks}"


def _start_time_from_ps(pid: int) -> str:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    state, _, started = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def is_alive(process: ProcessId) -> bool:
    """Say whether that very process still runs."""
    return process.started != "" and start_time(process.pid) == process.started


def end(processes: Sequence[ProcessId], patience_s: float) -> tuple[ProcessId, ...]:
    """Ask processes to end, all at once, and kill those that have not after `patience_s` seconds. Blocks.

    Returns
    -------
    tuple of ProcessId
        Those that had to be killed.
    """
    _signal_all(processes, signal.SIGTERM)
    if wait_until(lambda: not any(map(is_alive, processes)), patience_s):
        return ()
    stubborn = tuple(filter(is_alive, processes))
    _signal_all(stubborn, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, stubborn)), patience_s)
    return stubborn


def kill(process: ProcessId) -> None:
    """End a process at once, as a crash would: it is asked nothing. Blocks until it is gone."""
    _signal_all([process], signal.SIGKILL)
    wait_until(lambda: not is_alive(process), KILLED_WITHIN_S)


def _signal_all(processes: Sequence[ProcessId], number: signal.Signals) -> None:
    for process in filter(is_alive, processes):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            continue


def wait_until(condition: Callable[[], bool], patience_s: float) -> bool:
    """Wait for a condition, looking every 20 ms; say whether it came true within `patience_s` seconds."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_S)
    return True
