"""One process once, from its first to its last committed result; and the bare copies of what it read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.local_stack import StackAddresses
from adapters.local_stack.processes import PROC
from adapters.supervisor import Supervisor
from adapters.topics_admin import apply_topics
from benchmarks.end_to_end.case import Case, Ground, Load, ground_of
from benchmarks.end_to_end.topics import fill
from benchmarks.peers import copy_plain, copy_transactional, fresh_topics

LOOK_S = 0.01
BATCH = 4096
"""Rows in a transaction of the copy: as many as the loop puts into one under load."""
COPIES = 3
"""How often each copy is made in a round."""
COPY, COPY_IN_TRANSACTIONS = "copy", "copy, transactions"
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Point:
    """How far a process had come: seconds on a steady clock, processor seconds of all its threads, units done."""

    at_s: float
    cpu_s: float
    done: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Units a second, and processor seconds for each."""

    rate: float
    cpu_s: float


def speed_of(curve: list[Point]) -> Speed:
    """Speed between the first and the last commit that was seen: start, assignment and the first batch lie before.

    Examples
    --------
    >>> speed_of([Point(0.0, 0.0, 0), Point(1.0, 0.5, 100), Point(1.5, 0.7, 200), Point(2.0, 0.9, 300)])
    Speed(rate=200.0, cpu_s=0.002)
    """
    first, last = next(point for point in curve if point.done), curve[-1]
    units = last.done - first.done
    if not units:
        raise ValueError("all was committed at once: ask for more rows")
    return Speed(units / (last.at_s - first.at_s), (last.cpu_s - first.cpu_s) / units)


def process_speed(case: Case, ground: Ground, rows: int, home: Path) -> Speed:
    """Run the real process on topics that are full."""
    supervisor, progress = Supervisor(home / "logs"), case.progress(ground, rows)
    start(supervisor, case.process, ground, home)
    (child,) = supervisor.children
    try:
        curve = _watched(progress.done, rows, lambda: cpu_seconds(child.process.pid), supervisor.check)
    finally:
        supervisor.stop()
        progress.close()
    case.check(ground, rows)
    return speed_of(curve)


def start(supervisor: Supervisor, process: str, ground: Ground, home: Path) -> None:
    """Start one process as a user would."""
    where = ["--home", str(home), "--bootstrap", ground.addresses.bootstrap, "--redis", ground.addresses.redis_url]
    supervisor.start(f"{ground.name}.{process}", ["run", process, "--pipeline", str(ground.file), *where])


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all its threads so far; NaN where the system does not tell."""
    stat = PROC / str(pid) / "stat"
    if not stat.exists():
        return float("nan")
    fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _watched(done: Callable[[], int], rows: int, cpu_s: Callable[[], float], check: Callable[[], None]) -> list[Point]:
    curve = [Point(time.perf_counter(), 0.0, 0)]
    while curve[-1].done < rows:
        check()
        time.sleep(LOOK_S)
        came_s, spent_s, found = time.perf_counter(), cpu_s(), done()
        if found > curve[-1].done:
            curve.append(Point(came_s, spent_s, found))
        elif came_s - curve[-1].at_s > PATIENCE_S:
            raise ValueError(f"stood still at {found} of {rows} for {PATIENCE_S:.0f} s")
    return curve


def copy_speeds(loads: list[Load], units: int, name: str, bootstrap: str) -> dict[str, Speed]:
    """Copy the very topics that the process reads, in each way in turn, several times: once is over too soon."""
    taken_s, cpu_s = {COPY: 0.0, COPY_IN_TRANSACTIONS: 0.0}, {COPY: 0.0, COPY_IN_TRANSACTIONS: 0.0}
    for again in range(COPIES):
        for label, copy in ((COPY, copy_plain), (COPY_IN_TRANSACTIONS, copy_transactional)):
            begun_cpu_s = time.process_time()
            for which, load in enumerate(loads):
                target = f"{name}.copy-{which}-{again}-{'plain' if label == COPY else 'transactions'}"
                fresh_topics(bootstrap, [target])
                taken_s[label] += len(load.values) / copy(bootstrap, load.topic, target, len(load.values), BATCH)
            cpu_s[label] += time.process_time() - begun_cpu_s
    done = units * COPIES
    return {label: Speed(done / taken_s[label], cpu_s[label] / done) for label in taken_s}


def prepared(
    case: Case, delivery: str, rows: int, name: str, home: Path, addresses: StackAddresses
) -> tuple[Ground, list[Load]]:
    """Topics of a pipeline that delivers so, filled with what the case works on."""
    ground = ground_of(case.document(), f"{name}-{delivery.replace('_', '-')}", delivery, home, addresses)
    apply_topics(ground.contracts.pipeline, addresses.bootstrap)
    loads = case.prepare(ground, rows)
    for load in loads:
        fill(addresses.bootstrap, load)
    return ground, loads


def one_round(case: Case, rows: int, name: str, home: Path, addresses: StackAddresses) -> dict[str, Speed]:
    """Speed of the process, in each way of delivery, and of both copies of its input."""
    speeds: dict[str, Speed] = {}
    for delivery in case.deliveries:
        ground, loads = prepared(case, delivery, rows, name, home, addresses)
        if not speeds:
            speeds |= copy_speeds(loads, rows, ground.name, addresses.bootstrap)
        speeds[delivery] = process_speed(case, ground, rows, home)
    return speeds
