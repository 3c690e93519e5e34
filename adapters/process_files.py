"""A file for each running process, by which commands find its pid and its probes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from adapters.local_stack.processes import ProcessId, end, is_alive

PATIENCE_S = 15.0
"""How long a process may take to finish what it has begun."""


@dataclass(frozen=True, slots=True)
class ProcessFile:
    """What a process says of itself in ``<home>/run/<pipeline>.<process>.<ordinal>.json``."""

    pipeline: str
    process: str
    ordinal: int
    pid: int
    port: int
    """Of its probes, on loopback."""
    started: float
    """Seconds since 1970."""
    identity: str = ""
    """When the system says that it started: with the pid, a name for all time."""

    @property
    def process_id(self) -> ProcessId:
        """By which it can be asked after and ended, without ever meeting a later process of the same pid."""
        return ProcessId(self.pid, self.identity)

    def path(self, home: Path) -> Path:
        """Where it stands."""
        return home / "run" / f"{self.pipeline}.{self.process}.{self.ordinal}.json"


@contextmanager
def registered(file: ProcessFile, home: Path) -> Iterator[None]:
    """Keep the file while the block runs. A successor's file, written meanwhile, is left alone."""
    path = file.path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(asdict(file)) + "\n")
    draft.replace(path)
    try:
        yield
    finally:
        if read_process_file(path) == file:
            path.unlink(missing_ok=True)


def read_process_file(path: Path) -> ProcessFile | None:
    """Read one; None if it is gone or not (yet) whole."""
    try:
        return ProcessFile(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def process_files(home: Path) -> tuple[ProcessFile, ...]:
    """Return those of all processes, by name. A killed process leaves its file: look whether the pid is alive."""
    found = (read_process_file(path) for path in sorted((home / "run").glob("*.json")))
    return tuple(file for file in found if file)


def running_processes(home: Path, pipeline: str = "") -> tuple[ProcessFile, ...]:
    """Return those that run with this home, of one pipeline or of all."""
    return tuple(f for f in process_files(home) if pipeline in ("", f.pipeline) and is_alive(f.process_id))


def end_processes(home: Path, pipeline: str = "") -> tuple[str, ...]:
    """End them, gently and then not; return the names of those that ran. Blocks until they are gone."""
    files = running_processes(home, pipeline)
    end([f.process_id for f in files], PATIENCE_S)
    return tuple(f.process for f in files)
