"""``make fuzz``: every decoder of foreign bytes, over hostile input, for as long as it is told to.

Coverage-guided where atheris is installed (an environment of its own will do), else with examples that Hypothesis draws
anew in each round. A failure is told with the example that it shrank to, which then belongs into the target's file.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, seed, settings
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

EXAMPLE = 'example: make fuzz ARGS="--seconds 600 --only codec"'
OURS = ["schemas", "models", "adapters", "stream_jobs", "services"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz all targets in turn; a failure ends it."""
    asked, say = _parsed(arguments), Console()
    # Before the targets are imported: their settings grow from it.
    settings.register_profile("fuzz", deadline=None, database=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("fuzz")
    if asked.guided:
        return _guided(asked, say)
    targets = found_targets(asked.only)
    if not targets:
        say.print(f"No target has {asked.only!r} in its name.")
        return 2
    columns = (TextColumn("{task.description:64}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=len(targets))
        for name, test in targets.items():
            bar.update(task, description=name)
            rounds = _fuzz(test, asked.seconds / len(targets), asked.seed)
            say.print(f"{name}: {rounds} rounds", highlight=False)
            bar.advance(task)
    return 0


def found_targets(only: str = "") -> dict[str, Any]:
    """Return every Hypothesis test of this folder with `only` in its name, by file and name."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("test_"):
            space = vars(importlib.import_module(f"tests.fuzz.{module.name}"))
            found |= {f"{module.name}.{n}": t for n, t in space.items() if _is_target(n, t)}
    return {name: test for name, test in found.items() if only in name}


def _is_target(name: str, test: Any) -> bool:
    return name.startswith("test_") and getattr(test, "is_hypothesis_test", False)


def _fuzz(test: Any, seconds: float, first_seed: int) -> int:
    """Run rounds of examples, each of another seed, until the time is over."""
    until, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        seed(first_seed + rounds)(test)()
        rounds += 1
    return rounds


def _guided(asked: argparse.Namespace, say: Console) -> int:
    """Let atheris find its way through one target by what the bytes make our code do."""
    if find_spec("atheris") is None:
        say.print("atheris is not installed here; leave --guided out.")
        return 2
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=OURS):
        targets = found_targets(asked.only)
    if len(targets) != 1:
        say.print(f"Name one target with --only, of: {', '.join(targets or found_targets())}")
        return 2
    (test,) = targets.values()
    atheris.Setup([sys.argv[0], f"-max_total_time={asked.seconds:.0f}"], test.hypothesis.fuzz_one_input)
    atheris.Fuzz()
    return 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make fuzz", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--seconds", type=float, default=600.0, help="for all targets together (default 600)")
    parser.add_argument("--only", default="", help="targets with this in their name")
    parser.add_argument("--seed", type=int, default=1, help="of the first round (default 1)")
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris: one target")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
