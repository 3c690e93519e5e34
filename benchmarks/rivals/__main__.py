"""``make bench-rivals``: the predictor beside other stream processors that do the same work, in the same rounds."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from benchmarks.__main__ import bar_of, positive
from benchmarks.end_to_end.figures import Spread, spread, text_of
from benchmarks.end_to_end.machine import load
from benchmarks.end_to_end.rounds import COPY
from benchmarks.publishing import publish, surroundings
from benchmarks.rivals.contest import APART, contest, present
from benchmarks.servers import own_servers

EXAMPLE = "example: make bench-rivals ARGS='--rounds 5'"
OURS = ("exactly_once", "at_least_once")
COLUMNS = ["", "requests a second", "of the copy", "predictor, exactly once, is", "predictor, at least once, is"]
ABOUT = """\
The predictor's work, Kafka to Kafka in one process, with the predictor's own functions inside other frameworks:
standard Avro in, ten online features from Redis, the network, standard Avro out. *Columns* decodes and encodes whole
batches as we do; *fields* goes through fastavro record by record, and still reads features and asks the network for
the whole batch; *a function a row* and the Faust agent do all of it one request at a time. All of them deliver at
least once. They are spared what the predictor does besides: sketches for drift, deadlines, dead letters, duplicates,
the swap of versions, metrics. Slow ones get fewer rows. `make bench-rivals` repeats it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the result and the page."""
    parser = argparse.ArgumentParser("python -m benchmarks.rivals", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--rounds", type=positive, default=5, help="how often each is run (default 5)")
    parser.add_argument("--rows", type=positive, default=100_000, help="requests of each run (default 100000)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(arguments)
    if not APART.exists():
        Console(stderr=True).print("bytewax and Quix Streams are left out: `make bench-rivals` installs them.")
    result = measure(asked.rounds, asked.rows, asked.json)
    publish("rivals", result)
    print(json.dumps(result) if asked.json else "\n".join(" | ".join(row) for row in result["table"]["rows"]))


def measure(rounds: int, rows: int, quiet: bool) -> dict[str, Any]:
    """Run the rounds; servers of their own are started for it."""
    before, found = load(), list[dict[str, float]]()
    with own_servers() as (home, addresses), bar_of(quiet) as bar:
        task = bar.add_task("rivals", total=rounds)
        for round_ in range(rounds):
            found.append(contest(rows, f"rivals-{round_}", home, addresses))
            bar.advance(task)
    return {**surroundings(before), "rounds": rounds, "requests": rows, **figures(found)}


def figures(rounds: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Spreads over rounds, with each ratio taken within a round, and the table of them."""
    rates = {name: spread([r[name] for r in rounds], 0) for name in rounds[0]}
    shares = {name: spread([r[name] / r[COPY] for r in rounds]) for name in rounds[0]}
    times = {
        ours: {rival.name: spread([r[ours] / r[rival.name] for r in rounds]) for rival in present()} for ours in OURS
    }
    rows = [_row(name, rates[name], shares[name], times) for name in rates]
    table = {"title": "Beside other stream processors", "about": ABOUT, "columns": COLUMNS, "rows": rows}
    return {"per_second": rates, "share_of_the_copy": shares, "times": times, "table": table}


def _row(name: str, rate: Spread, share: Spread, times: dict[str, dict[str, Spread]]) -> list[str]:
    title = f"**predictor**, {name.replace('_', ' ')}" if name in OURS else name
    faster = [f"{text_of(times[ours][name], '.1f')} ×" if name in times[ours] else "" for ours in OURS]
    return [title, text_of(rate), text_of(share, ".3f"), *faster]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    main()
