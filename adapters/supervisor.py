"""Processes of ours that a command starts together, watches, and ends together, leaving none behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.local_stack.processes import ProcessId, end, is_alive, spawn
from adapters.process_files import PATIENCE_S
from schemas.errors import DependencyError


@dataclass(frozen=True, slots=True)
class Child:
    """A process of ours and where it logs."""

    name: str
    process: ProcessId
    log: Path


class Supervisor:
    """Starts ``anabranch`` commands in sessions of their own, so that Ctrl-C in the terminal reaches only us.

    Parameters
    ----------
    logs : Path
        Folder for one log file a process.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    @property
    def children(self) -> tuple[Child, ...]:
        """All that were started and not let go."""
        return tuple(self._children)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start ``anabranch <arguments>``, its output going to ``<logs>/<name>.log``. Does not block."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        # One thread each for the numeric libraries: the processes share the cores, and sums must not depend on them.
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = spawn([sys.executable, "-m", "services.cli", *arguments], log, environ)
        self._children.append(Child(name, process, log))

    def check(self) -> None:
        """Look whether all still run.

        Raises
        ------
        DependencyError
            One has ended; the message holds the tail of its log.
        """
        for child in self._children:
            if not is_alive(child.process):
                raise DependencyError(f"{child.name} has ended:\n{last_lines(child.log)}\n", f"Its log: {child.log}")

    def kill(self, name: str) -> None:
        """End one at once, as a crash would: for drills. Blocks until it is gone."""
        (child,) = [c for c in self._children if c.name == name]
        self._children.remove(child)
        end([child.process], 0.0)

    def stop(self) -> tuple[str, ...]:
        """End all, gently and then not; names those that had to be killed. Blocks."""
        killed = end([child.process for child in self._children], PATIENCE_S)
        names = tuple(child.name for child in self._children if child.process in killed)
        self._children.clear()
        return names

    def release(self) -> None:
        """Let them run on without us."""
        self._children.clear()


def last_lines(log: Path, lines: int = 15) -> str:
    """Last lines of a log, each marked, for a message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"  | {line}" for line in text.splitlines()[-lines:])
