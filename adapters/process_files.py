"""A file for each running process, by which commands find its pid and its probes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


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
