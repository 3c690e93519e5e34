"""Rounds in which the predictor and every rival answer the same requests, one after another."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer

from adapters.local_stack import StackAddresses
from adapters.local_stack.processes import end, spawn
from benchmarks.end_to_end.case import Ground
from benchmarks.end_to_end.case_predictor import CASE
from benchmarks.end_to_end.rounds import LOOK_S, PATIENCE_S, copy_speeds, prepared, process_speed
from benchmarks.end_to_end.topics import end_offset
from benchmarks.peers import fresh_topics
from benchmarks.rivals.work import COLUMNS, FIELDS, ROWS

CLONE = Path(__file__).parents[2]
APART = CLONE / ".venv-rivals" / "bin" / "python"
"""Interpreter of the rivals that are installed apart."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A framework, the way it works, and the share of the rows that it gets: the slow ones would take minutes."""

    name: str
    module: str
    way: str
    share: float
    apart: bool = False

    @property
    def python(self) -> Path:
        """Interpreter that has it."""
        return APART if self.apart else Path(sys.executable)


RIVALS = (
    Rival("aiokafka, columns", "with_aiokafka", COLUMNS, 1.0),
    Rival("aiokafka, fields", "with_aiokafka", FIELDS, 1.0),
    Rival("bytewax, columns", "with_bytewax", COLUMNS, 1.0, apart=True),
    Rival("bytewax, fields", "with_bytewax", FIELDS, 1.0, apart=True),
    Rival("Quix Streams, batching sink, columns", "with_quix", COLUMNS, 0.5, apart=True),
    Rival("Quix Streams, batching sink, fields", "with_quix", FIELDS, 0.5, apart=True),
    Rival("Quix Streams, a function a row", "with_quix", ROWS, 0.1, apart=True),
    Rival("Faust agent", "with_faust", ROWS, 0.1),
)


def present() -> list[Rival]:
    """Those that are installed."""
    return [rival for rival in RIVALS if rival.python.exists()]


def contest(rows: int, name: str, home: Path, addresses: StackAddresses) -> dict[str, float]:
    """Requests a second of the predictor, of the plain copy, and of each rival, in one round."""
    found: dict[str, float] = {}
    for delivery in CASE.deliveries:
        ground, loads = prepared(CASE, delivery, rows, name, home, addresses)
        if not found:
            found |= {k: s.rate for k, s in copy_speeds(loads, rows, ground.name, addresses.bootstrap).items()}
        found[delivery] = process_speed(CASE, ground, rows, home).rate
    for place, rival in enumerate(present()):
        found[rival.name] = _rival_rate(rival, ground, loads[0].topic, f"{name}.{place}", int(rows * rival.share), home)
    return found


def _rival_rate(rival: Rival, ground: Ground, source: str, name: str, rows: int, home: Path) -> float:
    """Rate from the first to the last answer that was seen, after which the rival is ended."""
    addresses, target = ground.addresses, f"{name}.answers"
    fresh_topics(addresses.bootstrap, [target])
    where = [addresses.bootstrap, addresses.redis_url, str(ground.file), source, target, rival.way]
    command = [str(rival.python), "-m", f"benchmarks.rivals.{rival.module}", *where]
    environ = {**os.environ, "PYTHONPATH": str(CLONE)}
    asker = Consumer({"bootstrap.servers": addresses.bootstrap, "group.id": str(uuid4()), "log_level": 0})
    log = home / "logs" / f"{target}.log"
    child = spawn(command, log, environ)
    try:
        return _rate(_seen(lambda: end_offset(asker, target), rows, log))
    finally:
        end([child], PATIENCE_S)
        asker.close()


def _seen(done: Callable[[], int], rows: int, log: Path) -> Iterator[tuple[float, int]]:
    last, since_s = 0, time.perf_counter()
    while last < rows:
        time.sleep(LOOK_S)
        came_s, found = time.perf_counter(), done()
        if found > last:
            last, since_s = found, came_s
            yield came_s, found
        elif came_s - since_s > PATIENCE_S:
            raise ValueError(f"stood still at {last} of {rows}; see {log}:\n{log.read_text()[-2000:]}")


def _rate(seen: Iterator[tuple[float, int]]) -> float:
    curve = list(seen)
    (first_s, first), (last_s, last) = curve[0], curve[-1]
    if last == first:
        raise ValueError("all was answered at once: ask for more rows")
    return (last - first) / (last_s - first_s)
