"""How a pipeline's processes on this machine are, by their files and their probes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.local_stack.processes import is_alive
from adapters.probe_client import ask_probe
from adapters.process_files import ProcessFile, process_files
from services.doctor.core_pipeline import ProcessFacts


def look_at_processes(home: Path, pipeline: str, wanted: Sequence[str]) -> tuple[ProcessFacts, ...]:
    """Ask each of the wanted processes. Blocks for at most some seconds each."""
    files = [file for file in process_files(home) if file.pipeline == pipeline]
    return tuple(facts for name in wanted for facts in _of_one(name, [f for f in files if f.process == name]))


def _of_one(name: str, files: Sequence[ProcessFile]) -> list[ProcessFacts]:
    if not files:
        return [ProcessFacts(name, alive=False, left_a_file=False, live=False, ready=False, why="")]
    return [_ask(file) for file in files]


def _ask(file: ProcessFile) -> ProcessFacts:
    name = f"{file.process}/{file.ordinal}" if file.ordinal else file.process
    if not is_alive(file.process_id):
        return ProcessFacts(name, alive=False, left_a_file=True, live=False, ready=False, why="")
    live = ask_probe(file.port, "/livez")
    ready = ask_probe(file.port, "/readyz")
    return ProcessFacts(name, True, True, live.ok, ready.ok, ready.why if live.ok else live.why)
