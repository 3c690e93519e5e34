"""What the local stack remembers between commands: which processes it started, where, and their logs."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from adapters.local_stack.processes import ProcessId
from schemas.errors import DataError

ServerName = Literal["kafka", "redis"]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started here.

    Parameters
    ----------
    name : {"kafka", "redis"}
        Which of the two.
    process : ProcessId
        Its pid and start time.
    port : int
        The loopback port it serves.
    logs : tuple of str
        Files to read when it has died, the most telling first.
    program : str
        What runs it, for a person.
    """

    name: ServerName
    process: ProcessId
    port: int
    logs: tuple[str, ...]
    program: str


State = dict[ServerName, Server]


def state_file(home: Path) -> Path:
    """Return where the state of a home is kept."""
    return home / "stack.json"


def load_state(home: Path) -> State:
    """Read what was started in this home; empty if nothing was.

    Raises
    ------
    DataError
        The file is damaged.
    """
    path = state_file(home)
    if not path.exists():
        return {}
    try:
        return {entry["name"]: _server(entry) for entry in json.loads(path.read_text(encoding="utf-8"))}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read: {error!r}.",
            "See that no broker and no Redis of this folder still runs (`ps`), then delete the file.",
        ) from error


def _server(entry: dict[str, Any]) -> Server:
    return Server(**{**entry, "process": ProcessId(**entry["process"]), "logs": tuple(entry["logs"])})


def save_state(home: Path, state: State) -> None:
    """Write the state in one step, so that a reader sees the old one or the new one."""
    scratch = home / "stack.json.new"
    scratch.write_text(json.dumps([asdict(server) for server in state.values()], indent=2), encoding="utf-8")
    os.replace(scratch, state_file(home))


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Keep other commands off this home meanwhile; waits for them. A dead holder's lock is free."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
