"""Milliseconds of the drift statistics, beside scipy's and, if they are installed apart, other drift libraries'.

python -m benchmarks.drift_speed [--rounds 15] [--peers .venv-drift/bin/python] [--out]

The peers pin older versions of NumPy, so they get an environment of their own:

    python -m venv .venv-drift && .venv-drift/bin/pip install alibi-detect frouros evidently
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.drift_speed_work import FEATURES, OURS, PEERS, ROWS
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import CLONE, publish, surroundings

BESIDE = "alibi-detect, KS"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
TITLES = {
    "five": "**Kolmogorov–Smirnov, chi-squared, PSI, Wasserstein, Jensen–Shannon**",
    "five, reference sorted anew": "the five, the reference sorted anew each time",
    "five, from histograms": "the five, from histograms of 16 bins",
    "MMD, 100 permutations": "MMD with 100 permutations (jointly, of groups of 50 rows)",
    "scipy, KS": "scipy, Kolmogorov–Smirnov alone",
    "scipy, all five": "scipy, the five (PSI by hand)",
    "alibi-detect, KS": "alibi-detect, Kolmogorov–Smirnov alone",
    "frouros, KS": "frouros, Kolmogorov–Smirnov alone",
    "evidently, KS": "evidently, Kolmogorov–Smirnov alone, with its report",
}
COLUMNS = ["", "processor time, ms", "times alibi-detect's KS"]
ABOUT = (
    f"{FEATURES} columns, {ROWS:,} against {ROWS:,} rows, one thread, milliseconds of processor time; all take turns "
    "in {rounds} rounds, medians with least and most, ratios within a round. The five are equal to scipy's to 1e-9, "
    "p-values included. The peers run in an environment of their own ({versions}). "
    "`python -m benchmarks.drift_speed` repeats it."
)


class Worker:
    """A process that does one piece of work at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, what: str) -> Any:
        """Have it done; returns seconds of processor time, or the versions."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def worker(python: Path) -> Iterator[Worker]:
    """Start one, on one thread, and end it."""
    command = [str(python), "-m", "benchmarks.drift_speed_work"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, cwd=CLONE, env=os.environ | ONE_THREAD, **pipes) as process:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()


def measure(rounds: int, peers: Path | None) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Milliseconds by round of all that is installed, and the peers' versions."""
    with ExitStack() as stack:
        ours = stack.enter_context(worker(Path(sys.executable)))
        theirs = stack.enter_context(worker(peers)) if peers else None
        workers = dict.fromkeys(OURS, ours) | (dict.fromkeys(PEERS, theirs) if theirs else {})
        warm = {name: one.ask(name) for name, one in workers.items()}
        there = {name: one for name, one in workers.items() if not np.isnan(warm[name])}
        found: dict[str, list[float]] = {name: [] for name in there}
        for _ in range(rounds):
            for name, one in there.items():
                found[name].append(1e3 * one.ask(name))
        return found, theirs.ask("versions") if theirs else {}


def table(found: dict[str, list[float]], versions: dict[str, str], rounds: int) -> dict[str, Any]:
    """The table of the page."""
    beside = found.get(BESIDE)
    rows = []
    for name, took in found.items():
        ratios = [one / other for one, other in zip(took, beside, strict=True)] if beside else []
        ratio = f"{median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})" if ratios else ""
        rows.append([TITLES[name], f"{median(took):,.1f} ({min(took):,.1f} … {max(took):,.1f})", ratio])
    told = ", ".join(f"{package} {version}" for package, version in versions.items()) or "not installed here"
    about = ABOUT.format(rounds=rounds, versions=told)
    return {"title": "Drift statistics", "about": about, "columns": COLUMNS, "rows": rows}


def main() -> None:
    """Measure, print; with ``--out`` write the result and the page of benchmarks."""
    parser = argparse.ArgumentParser("python -m benchmarks.drift_speed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each (default 15)")
    parser.add_argument("--peers", type=Path, help="interpreter that has alibi-detect, frouros or evidently")
    parser.add_argument("--out", action="store_true", help="write the result and the page of benchmarks")
    asked = parser.parse_args()
    before = load()
    found, versions = measure(asked.rounds, asked.peers)
    shown = table(found, versions, asked.rounds)
    for row in shown["rows"]:
        print(" | ".join(row))
    if asked.out:
        publish(
            "drift_speed",
            {"ms": found, "peers": versions, "table": shown, **surroundings(before)},
        )


if __name__ == "__main__":
    main()
