"""Processes of ours that a command starts together, watches, and ends together, leaving none behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.local_stack.processes import ProcessId, end, is_alive, kill, spawn
from adapters.loop.failures import RebuildBudget
from adapters.process_files import PATIENCE_S
from schemas.errors import DependencyError

PROGRAM: Final = ("-m", "services.cli")


@dataclass(frozen=True, slots=True)
class Child:
    """A process of ours, what it was told, and where it logs."""

    name: str
    process: ProcessId
    log: Path
    arguments: tuple[str, ...] = ()


class Supervisor:
    """Starts ``anabranch`` commands in sessions of their own, so that Ctrl-C in the terminal reaches only us.

    Parameters
    ----------
    logs : Path
        Folder for one log file a process.
    restarts : bool
        Start again what has ended, after pauses that grow from a quarter of a second to ten, eight times in three
        minutes at most.
    started : callable
        Told of all children whenever one more was started.
    program : sequence of str
        Arguments of Python that are the command ``anabranch``.

    Attributes
    ----------
    restarted : list of str
        Names of those that were started again, in order.
    """

    def __init__(
        self,
        logs: Path,
        restarts: bool = False,
        started: Callable[[tuple[Child, ...]], None] = lambda _: None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._logs = logs
        self._restarts = restarts
        self._started = started
        self._program = tuple(program)
        self._children: list[Child] = []
        self._budgets: dict[str, RebuildBudget] = {}
        self._due: dict[Child, float] = {}
        self.restarted: list[str] = []

    @property
    def children(self) -> tuple[Child, ...]:
        """All that were started and not let go."""
        return tuple(self._children)

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Start ``anabranch <arguments>``, its output going to ``<logs>/<name>.log``. Does not block.

        The log is emptied when a name is first started here; what was started again goes on writing after it.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        # One thread each for the numeric libraries: the processes share the cores, and sums must not depend on them.
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = spawn([sys.executable, *self._program, *arguments], log, environ, name in self._budgets)
        self._budgets.setdefault(name, RebuildBudget())
        self._children.append(Child(name, process, log, tuple(arguments)))
        self._started(self.children)
        return self._children[-1]

    def check(self) -> None:
        """Look whether all still run; if asked for, start again what has ended, once its pause is over.

        Raises
        ------
        DependencyError
            One has ended, or ended too often; the message holds the tail of its log.
        """
        for child in self.children:
            if not is_alive(child.process):
                self._has_ended(child, time.monotonic())

    def kill(self, name: str) -> None:
        """End one at once, as a crash would: for drills. Blocks until it is gone."""
        child = self.let_go(name)
        kill(child.process)

    def let_go(self, name: str) -> Child:
        """Watch and end one no longer; it runs on. Of several under a name the oldest."""
        child = next(c for c in self._children if c.name == name)
        self._children.remove(child)
        self._due.pop(child, None)
        return child

    def take_in(self, child: Child) -> None:
        """Watch one again that was let go."""
        self._children.append(child)

    def stop(self) -> tuple[str, ...]:
        """End all, gently and then not; names those that had to be killed. Blocks."""
        killed = end([child.process for child in self._children], PATIENCE_S)
        names = tuple(child.name for child in self._children if child.process in killed)
        self.release()
        return names

    def release(self) -> None:
        """Let them run on without us."""
        self._children.clear()
        self._due.clear()

    def _has_ended(self, child: Child, now_s: float) -> None:
        if child not in self._due:
            pause_s = self._budgets[child.name].spend(now_s) if self._restarts else None
            if pause_s is None:
                often = " again and again" if self._restarts else ""
                said = f"{child.name} has ended{often}:\n{last_lines(child.log)}\n"
                raise DependencyError(said, f"Its log: {child.log}")
            self._due[child] = now_s + pause_s
        if now_s >= self._due[child]:
            del self._due[child]
            self._children.remove(child)
            self.start(child.name, child.arguments)
            self.restarted.append(child.name)


def last_lines(log: Path, lines: int = 15) -> str:
    """Last lines of a log, each marked, for a message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"  | {line}" for line in text.splitlines()[-lines:])
