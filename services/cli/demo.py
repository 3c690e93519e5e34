"""``anabranch demo``: the whole loop on a recorded stream, on servers of its own, in one command."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from adapters import local_stack
from adapters.local_stack import StackAddresses, StackOptions
from adapters.supervisor import Supervisor
from schemas.contracts import Contracts, contracts_of
from schemas.errors import ConfigurationError, DependencyError
from schemas.pipeline import Pipeline
from services.cli.pipeline_option import read_pipeline
from services.cli.stack import show_progress
from services.cli.surroundings import read_settings
from services.replay.main import Replay, Surroundings, load_source
from services.watch.baselines import read_baselines
from services.watch.main import Watcher
from services.watch.plot import save_plot
from services.watch.screen import format_time, render
from services.watch.summary import summary_table

PROCESSES = ("feature_windows", "label_join", "predictor", "learner", "drift_watch", "baselines")
DRAIN_S = 60.0
REFRESH_S = 0.25
"""How often the screen is drawn, which costs the loop some of its cores."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the demo was asked for."""

    file: Path
    days: float | None
    speed: float
    plot: Path
    keep: bool
    as_json: bool


def demo(
    file: Annotated[Path, typer.Argument(help="Pipeline file with a `replay` section.")] = Path("pipelines/flights.yaml"),
    days: Annotated[float, typer.Option(help="Days of the stream to replay; 0: all.")] = 92,
    speed: Annotated[float, typer.Option(help="Most event time per wall time; inf: as fast as it follows.")] = float("inf"),
    plot: Annotated[Path, typer.Option(help="Where to write the plot.")] = Path("demo.png"),
    keep: Annotated[bool, typer.Option("--keep", help="Leave all running; `anabranch down` ends it.")] = False,
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Run the whole loop on a recorded stream, on a Kafka and a Redis of its own.

    Each run starts from nothing in `<home>/demo`. Ctrl-C ends everything cleanly.

    Example: [bold]anabranch demo pipelines/flights.yaml --days 30[/bold]
    """
    settings = read_settings(home=home)
    options = Options(file, days or None, speed, plot, keep, as_json)
    pipeline = read_pipeline(file)
    if pipeline.replay is None:
        raise ConfigurationError(f"{file} has no `replay` section.", "Add one: replay: {source: module:function}.")
    with _stack(settings.home, options) as (demo_home, addresses):
        _run(options, pipeline, demo_home, addresses)


@contextmanager
def _stack(home: Path, options: Options) -> Iterator[tuple[Path, StackAddresses]]:
    """Servers of the demo's own, on empty data; the jars are those of the home around it."""
    demo_home = (home / "demo").resolve()
    local_stack.down(demo_home)
    shutil.rmtree(demo_home, ignore_errors=True)
    demo_home.mkdir(parents=True)
    with show_progress(quiet=options.as_json) as report:
        addresses = local_stack.up(demo_home, report, StackOptions(jars=(home / "kafka" / "jars").resolve()))
    try:
        yield demo_home, addresses
    finally:
        if not options.keep:
            local_stack.down(demo_home)


def _run(options: Options, pipeline: Pipeline, home: Path, addresses: StackAddresses) -> None:
    contracts = contracts_of(pipeline)
    apply_topics(pipeline, addresses.bootstrap)
    supervisor = Supervisor(home / "logs")
    for name in PROCESSES:
        supervisor.start(name, ["run", name, "--pipeline", str(options.file), "--home", str(home)])
    try:
        result = _replay(options, contracts, home, addresses, supervisor)
    finally:
        supervisor.release() if options.keep else supervisor.stop()
    _report(options, pipeline, result)
