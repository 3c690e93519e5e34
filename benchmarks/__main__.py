"""``make bench``: the hot processes from Kafka to Kafka, beside bare copies in the same rounds."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from adapters.local_stack import StackAddresses
from benchmarks.end_to_end import case_feature_windows, case_label_join, case_learner, case_predictor
from benchmarks.end_to_end.case import Case
from benchmarks.end_to_end.figures import delays, speeds
from benchmarks.end_to_end.latency import contenders, percentiles, slot, warm_up
from benchmarks.end_to_end.machine import load
from benchmarks.end_to_end.page import page
from benchmarks.end_to_end.plot import save_plot
from benchmarks.end_to_end.rounds import one_round
from benchmarks.publishing import CLONE, save, surroundings, write_page
from benchmarks.servers import own_servers

CASES = {
    module.CASE.process: module.CASE for module in (case_predictor, case_label_join, case_feature_windows, case_learner)
}
LATENCY, RATES = "latency", (500, 2000)
EXAMPLE = "example: python -m benchmarks --only predictor,latency --rounds 5"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how often; `step` moves the bar."""

    rounds: int
    rows: int | None
    seconds: float
    home: Path
    addresses: StackAddresses
    bar: Progress

    def throughput(self, case: Case) -> dict[str, Any]:
        """Rounds of one process and of the copies."""
        rows = -(-(self.rows or case.rows) // case.multiple) * case.multiple
        task, found = self.bar.add_task(case.process, total=self.rounds), []
        for r in range(self.rounds):
            found.append(one_round(case, rows, f"{case.process.replace('_', '-')}-{r}", self.home, self.addresses))
            self.bar.advance(task)
        told = {"process": case.process, "work": case.work, "unit": case.unit, "rows": rows, "rounds": self.rounds}
        return {**told, **speeds(found)}

    def latency(self) -> dict[str, Any]:
        """Rounds of the predictor and the copies at each rate."""
        found: dict[int, list[dict[str, dict[str, float]]]] = {rate: [] for rate in RATES}
        task = self.bar.add_task(LATENCY, total=self.rounds * len(RATES))
        bootstrap = self.addresses.bootstrap
        with contenders(int(max(RATES) * self.seconds), self.home, self.addresses) as all_of_them:
            for contender in all_of_them.values():
                warm_up(contender, bootstrap)
            for rate in RATES * self.rounds:
                rows = int(rate * self.seconds)
                found[rate].append(
                    {name: percentiles(slot(c, rate, rows, bootstrap)) for name, c in all_of_them.items()}
                )
                self.bar.advance(task)
        rates = {str(rate): delays(rounds) for rate, rounds in found.items()}
        return {"rounds": self.rounds, "seconds": self.seconds, "rates": rates}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for, write the results and the page."""
    asked = _parsed(arguments)
    measured: dict[str, Any] = {}
    with own_servers() as (home, addresses), bar_of(asked.json) as bar:
        bench = Bench(asked.rounds, asked.rows, asked.seconds, home, addresses, bar)
        for name in asked.only:
            before = load()
            found = bench.latency() if name == LATENCY else bench.throughput(CASES[name])
            measured[name] = {**found, **surroundings(before)}
            save(name, measured[name], asked.out)
    save_plot(write_page(asked.out), asked.out / "docs" / "benchmarks.png")
    print(json.dumps(measured) if asked.json else page(measured).partition("## ")[2])


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    everything = [*CASES, LATENCY]
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--only", type=_names, default=everything, help=f"of {', '.join(everything)}; default: all")
    parser.add_argument("--rounds", type=positive, default=5, help="how often each is run (default 5)")
    parser.add_argument("--rows", type=positive, help="rows of each run; default: enough for some seconds")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a slot of the latency (default 3)")
    parser.add_argument("--out", type=Path, default=CLONE, help="where benchmarks/results/ and docs/ are written")
    parser.add_argument("--json", action="store_true", help="print what was measured as one JSON object")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in (*CASES, LATENCY)]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join((*CASES, LATENCY))}")
    return names


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def bar_of(quiet: bool) -> Progress:
    """Show progress on the terminal, if there is one."""
    columns = (TextColumn("{task.description:16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    main()
