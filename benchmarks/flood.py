"""``make flood``: a million malformed events beside good traffic, and a report of what became of all."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.end_to_end.machine import load
from benchmarks.publishing import CLONE, surroundings
from benchmarks.servers import own_servers
from tests.system.flood.events import Account
from tests.system.flood.kinds import NOTHING, kinds
from tests.system.flood.run import Flooded, Plan, run_with_flood

EXAMPLE = 'example: make flood ARGS="--events 1000000 --seed 7"'
DISK = """About 2 GB of disk are used in a folder for temporary files: of a million events some seventeen are of 5 MB, a
hundred have a header of 100 kB, a hundred 20,000 headers; each lies there twice, as sent and as a dead letter."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run without and with the flood; write and print the report. Returns 5 if the books do not balance."""
    asked = _parsed(arguments)
    started = load()
    quiet = asked.json
    with own_servers("flood") as (home, addresses):
        with _bar(quiet, asked.events) as tell:
            plan = Plan(asked.rows, asked.events, asked.seed, asked.rate, asked.ahead, tell)
            without = run_with_flood(addresses, home / "without", "no-flood", replace(plan, events=0))
            flooded = run_with_flood(addresses, home / "flooded", "flood", plan)
        disk_mib = sum(f.stat().st_size for f in home.rglob("*") if f.is_file()) / 2**20
    report = {
        **report_of(without, flooded),
        "asked": {"events": asked.events, "seed": asked.seed, "rate": asked.rate, "ahead": asked.ahead},
        "disk_mib": round(disk_mib),
        **surroundings(started),
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report) if asked.json else told(report))
    return 0 if report["accounted_for"] and report["good_traffic"]["unchanged"] else 5


def report_of(without: Flooded, flooded: Flooded) -> dict[str, Any]:
    """Put the figures of both runs together."""
    expected = Account({at: n for at, n in flooded.expected.items() if at[1] != NOTHING})
    found = Account({at: n for at, n in flooded.found.account.items() if n})
    same = (without.found.answers, without.found.examples) == (flooded.found.answers, flooded.found.examples)
    early = next(m for sent, m in flooded.memory_mib if sent >= 0.1 * flooded.sent)
    return {
        "events": flooded.sent,
        "kinds": len(kinds()),
        "seconds": round(flooded.seconds, 1),
        "events_per_s": round(flooded.sent / flooded.seconds),
        "accounted_for": expected == found,
        "outcomes": {f"{role}: {what}": n for (role, what), n in sorted(found.items())},
        "differences": {
            f"{role}: {what}": {"expected": expected[role, what], "found": found[role, what]}
            for role, what in sorted(expected | found)
            if expected[role, what] != found[role, what]
        },
        "memory_mib": {
            name: {
                "before": round(flooded.memory_mib[0][1][name]),
                "after_a_tenth": round(early[name]),
                "after": round(after),
                "most": round(max(m[name] for _, m in flooded.memory_mib)),
            }
            for name, after in flooded.memory_mib[-1][1].items()
        },
        "good_traffic": {
            "requests": len(flooded.found.answers),
            "unchanged": same,
            "with": latency(flooded.found.latency_ms),
            "without": latency(without.found.latency_ms),
        },
    }


def latency(latency_ms: Sequence[float]) -> dict[str, float]:
    """Percentiles from a request's Kafka timestamp to its answer's, ms."""
    p50, p99, most = np.percentile(latency_ms, [50, 99, 100]).tolist()
    return {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1), "most_ms": round(most, 1)}


def told(report: dict[str, Any]) -> str:
    """The report for a person."""
    good, memory = report["good_traffic"], report["memory_mib"]
    lines = [
        f"{report['events']:,} malformed events of {report['kinds']} kinds in {report['seconds']:,} s: "
        f"{report['events_per_s']:,} a second",
        f"accounted for to the unit: {'yes' if report['accounted_for'] else report['differences']}",
        f"good traffic unchanged: {'yes' if good['unchanged'] else 'NO'}, {good['requests']:,} requests; "
        f"p99 {good['with']['p99_ms']} ms with, {good['without']['p99_ms']} ms without the flood",
        *(
            f"memory of {name}: {m['before']} MiB before, {m['after_a_tenth']} after a tenth, {m['after']} after, "
            f"{m['most']} at most"
            for name, m in memory.items()
        ),
        f"disk: {report['disk_mib']:,} MiB",
    ]
    return "\n".join(lines)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make flood", description=f"{__doc__} {DISK}", epilog=EXAMPLE)
    parser.add_argument("--events", type=int, default=1_000_000, help="malformed events (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=7, help="two floods of one seed are equal (default 7)")
    parser.add_argument("--rows", type=int, default=30_000, help="good requests (default 30,000)")
    parser.add_argument("--rate", type=float, default=500.0, help="good requests a second (default 500)")
    parser.add_argument("--ahead", type=int, default=10_000, help="malformed events that may wait (default 10,000)")
    results = CLONE / "benchmarks" / "results" / "flood.json"
    parser.add_argument("--out", type=Path, default=results, help="where the report is written")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    return parser.parse_args(arguments)


@contextmanager
def _bar(quiet: bool, events: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description:16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=quiet or not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task("malformed events", total=events)
        yield lambda sent: progress.update(task, completed=sent)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    sys.exit(main())
