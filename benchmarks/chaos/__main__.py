"""``make chaos``: kill, freeze and double the processes of a running loop, its broker and its store, many times."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.chaos.figures import figures
from benchmarks.chaos.page import page
from benchmarks.chaos.plot import save_plot
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import CLONE, save, surroundings
from benchmarks.servers import OPTIONS, servers_in
from tests.system.chaos.judgement import judged
from tests.system.chaos.schedule import answers_needed, schedule
from tests.system.chaos.trial import Ground, Suffered, run_trial

ANSWERS_FOR_EACH = 120
"""Answers for each disturbance: what goes by until the next is due."""
EXAMPLE = 'example: make chaos ARGS="--kills 200 --seed 7"'


def main(arguments: Sequence[str] | None = None) -> int:
    """Torment, judge, write the results and the page; 1 if something did not hold."""
    asked = _parsed(arguments)
    before = load()
    answers = ANSWERS_FOR_EACH * (asked.kills + asked.others) + 600
    plan = schedule(asked.seed, asked.kills, asked.others, answers)
    rows = max(answers, answers_needed(plan))
    with _ground(asked.keep) as ground, _bar(asked.json) as bar:
        task = bar.add_task("calm run", total=len(plan))
        calm = run_trial(ground, ground.home.parent / "calm", "calm", rows, ())

        def tell(suffered: Suffered) -> None:
            bar.update(task, description=suffered.disturbance.name, advance=1)

        trial = run_trial(ground, ground.home.parent / "chaos", "chaos", rows, plan, tell, asked.minutes * 60)
        bar.update(task, description="judging")
        judgement = judged(trial.run, calm.run, ground.addresses)
    result = {"seed": asked.seed, **surroundings(before), **figures(trial, judgement)}
    _write(asked.out, result)
    print(json.dumps(result) if asked.json else page(result).partition("## ")[2])
    return 0 if result["held"] else 1


def _write(out: Path, result: dict[str, Any]) -> None:
    save("chaos", result, out)
    docs = out / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "chaos.md").write_text(page(result), encoding="utf-8")
    save_plot(result, docs / "chaos.png")


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.chaos", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--kills", type=int, default=200, help="kill -9's of processes and servers (default 200)")
    parser.add_argument("--others", type=int, default=30, help="freezes, successors, twins and full disks (default 30)")
    parser.add_argument("--seed", type=int, default=7, help="of the schedule (default 7)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing more after so long")
    parser.add_argument("--out", type=Path, default=CLONE, help="where benchmarks/results/ and docs/ are written")
    parser.add_argument("--keep", type=Path, help="leave logs and data in this folder")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return parser.parse_args(arguments)


@contextmanager
def _ground(keep: Path | None) -> Iterator[Ground]:
    """Servers of the trial's own, on empty data."""
    folder = keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="anabranch-chaos-"))
    try:
        with servers_in(folder / "servers") as addresses:
            yield Ground(folder / "servers", OPTIONS, addresses)
    finally:
        if not keep:
            shutil.rmtree(folder)


def _bar(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    sys.exit(main())
