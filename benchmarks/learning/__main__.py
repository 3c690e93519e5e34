"""``make bench-learning``: accuracy under label delay, beside River's learners, on streams that drift."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.learning.accuracy import Trial, keep, measured
from benchmarks.learning.contestants import CONTESTANTS
from benchmarks.learning.flights import flights_stream
from benchmarks.learning.generators import GENERATED, ROWS
from benchmarks.learning.page import table
from benchmarks.learning.publish import publish
from benchmarks.learning.streams import DATA, MEASURED, Stream, real_stream
from models.determinism import make_deterministic

CLONE = Path(__file__).parents[2]
EXAMPLE = "example: make bench-learning ARGS='--streams elec2 --learners contest,logistic_regression --rows 5000'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, write the results and the page; 5 if no stream asked for is there."""
    asked = _parsed(arguments)
    make_deterministic()
    streams = list(_streams(asked))
    file = asked.out / "benchmarks" / "results" / "learning.json"
    found: dict[str, dict[str, Any]] = {}
    with _bar(asked.json) as bar:
        for stream, trial in product(streams, _trials(asked)):
            task = bar.add_task(f"{stream.name}: {trial.key}", total=len(stream))
            run = measured(trial, stream, partial(bar.advance, task))
            bar.update(task, completed=len(stream))
            of_stream = {"classes": stream.classes, "features": stream.x_TF.shape[1], "runs": {}}
            found.setdefault(stream.name, of_stream)["runs"][trial.key] = run
            if asked.rows is None:
                keep(file, stream, trial, run)
    if asked.rows is None and file.exists():
        publish(asked.out)
    tables = [table(name, result) for name, result in found.items()]
    print(json.dumps(found) if asked.json else "\n\n".join(tables))
    return 0 if found else 5


def _streams(asked: argparse.Namespace) -> Iterator[Stream]:
    for name in asked.streams if asked.streams is not None else MEASURED:
        if name in GENERATED:
            yield GENERATED[name](asked.rows or ROWS, asked.seed)
            continue
        try:
            yield flights_stream(asked.rows) if name == "flights" else real_stream(name, asked.data).first(asked.rows)
        except FileNotFoundError as missing:
            print(missing, file=sys.stderr)


def _trials(asked: argparse.Namespace) -> list[Trial]:
    every = product(asked.learners, asked.delays, asked.batches)
    return [Trial(learner, delay, batch, asked.seed) for learner, delay, batch in every]


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.learning", description=__doc__, epilog=EXAMPLE)
    streams, learners = (*MEASURED, *GENERATED), CONTESTANTS
    told = f"of {', '.join(streams)}; default: the real ones"
    parser.add_argument("--streams", type=_of(streams), help=told, metavar="NAME,…")
    told = f"of {', '.join(learners)}; default: all"
    parser.add_argument("--learners", type=_of(learners), default=[*learners], help=told, metavar="NAME,…")
    parser.add_argument("--delays", type=_numbers(0), default=[0, 500], help="rows that labels are late (0,500)")
    parser.add_argument("--batches", type=_numbers(1), default=[1], help="rows in each micro-batch (1)")
    parser.add_argument("--rows", type=int, help="a quick look at so many rows, told but not written")
    parser.add_argument("--seed", type=int, default=1, help="of streams and learners (1)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real streams")
    parser.add_argument("--out", type=Path, default=CLONE, help="where benchmarks/results/ is written")
    parser.add_argument("--json", action="store_true", help="print what was measured as one JSON object")
    return parser.parse_args(arguments)


def _of(names: Sequence[str]) -> Any:
    def read(text: str) -> list[str]:
        unknown = [name for name in text.split(",") if name not in names]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(names)}")
        return text.split(",")

    return read


def _numbers(least: int) -> Any:
    def read(text: str) -> list[int]:
        numbers = text.split(",")
        if not all(number.isdigit() and int(number) >= least for number in numbers):
            raise argparse.ArgumentTypeError(f"{text!r}: whole numbers from {least} on, with commas between")
        return [int(number) for number in numbers]

    return read


def _bar(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description:50}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty())


if __name__ == "__main__":
    sys.exit(main())
