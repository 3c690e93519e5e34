"""How the local stack is: each server running, mute, crashed or stopped, and what it said last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adapters.local_stack.ports import LOOPBACK, accepts
from adapters.local_stack.processes import is_alive
from adapters.local_stack.state import Server, ServerName, load_state

TAIL_LINES = 12
TAIL_BYTES = 16 * 1024

Condition = Literal["running", "mute", "crashed", "stopped"]
"""mute: the process lives, but nothing listens on its port (yet). crashed: it ended without `down`."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server: its condition, and for one that is not well the end of its log."""

    name: ServerName
    condition: Condition
    address: str = ""
    pid: int = 0
    program: str = ""
    logs: tuple[str, ...] = ()
    last_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StackStatus:
    """Both servers."""

    servers: tuple[ServerStatus, ...]

    @property
    def is_well(self) -> bool:
        """Whether both serve."""
        return all(server.condition == "running" for server in self.servers)


def status(home: Path) -> StackStatus:
    """Look at the servers that `up` started in this home; waits at most a second for each.

    Raises
    ------
    DataError
        The state file is damaged.
    """
    state = load_state(home.resolve())
    names: tuple[ServerName, ...] = ("kafka", "redis")
    return StackStatus(
        tuple(_look_at(state[name]) if name in state else ServerStatus(name, "stopped") for name in names)
    )


def _look_at(server: Server) -> ServerStatus:
    condition = _condition(server)
    return ServerStatus(
        name=server.name,
        condition=condition,
        address=f"{LOOPBACK}:{server.port}",
        pid=server.process.pid,
        program=server.program,
        logs=server.logs,
        last_words=() if condition == "running" else last_words(server),
    )


def _condition(server: Server) -> Condition:
    if not is_alive(server.process):
        return "crashed"
    return "running" if accepts(server.port) else "mute"


def last_words(server: Server) -> tuple[str, ...]:
    """Return the last lines of a server's logs, oldest first, at most a dozen from each file."""
    return tuple(line for log in server.logs for line in tail(Path(log)))


def tail(path: Path) -> list[str]:
    """Return the last lines of a file that say something; none if there is no such file."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return [line for line in lines if line.strip()][-TAIL_LINES:]
