"""``anabranch demo``: the whole loop on a recorded stream, on servers of its own, in one command."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from adapters import local_stack
from adapters.local_stack import StackAddresses, StackOptions
from adapters.process_files import end_processes
from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from services.cli.pipeline_reading import read_pipeline
from services.cli.session import Session
from services.cli.stack import demo_home, show_progress
from services.cli.surroundings import read_settings
from services.replay.main import Replay, load_source
from services.watch.board import read_board
from services.watch.plot import save_plot
from services.watch.screen import render
from services.watch.summary import Summary, run_table, scores_table, summarise
from services.watch.view import View

BASELINES_S = 60.0
"""How long the slowest baseline may take for what it has not scored when the loop is done."""


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
    file: Annotated[Path, typer.Argument(help="Pipeline file with a `replay` section.")] = Path(
        "pipelines/flights.yaml"
    ),
    days: Annotated[float, typer.Option(help="Days of the stream to replay; 0: all.")] = 92,
    speed: Annotated[float, typer.Option(help="Most event time per wall time; inf: as it follows.")] = float("inf"),
    plot: Annotated[Path, typer.Option(help="Where to write the plot.")] = Path("demo.png"),
    keep: Annotated[bool, typer.Option("--keep", help="Leave all running; `anabranch down` ends it.")] = False,
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Run the whole loop on a recorded stream, on servers of its own.

    Each run starts from nothing in `<home>/demo`. Ctrl-C ends everything cleanly.

    Example: [bold]anabranch demo pipelines/flights.yaml --days 30[/bold]
    """
    options = Options(file, days or None, speed, plot, keep, as_json)
    pipeline = read_pipeline(file)
    if pipeline.replay is None:
        raise ConfigurationError(f"{file} has no `replay` section.", "Add one: replay: {source: module:function}.")
    with _servers(read_settings(home=home).home, options) as (place, addresses):
        summary = _run(options, pipeline, place, addresses)
    _tell(options, summary, place)


@contextmanager
def _servers(home: Path, options: Options) -> Iterator[tuple[Path, StackAddresses]]:
    """Servers of the demo's own, on empty data; the jars are those of the home around it."""
    place = demo_home(home)
    end_processes(place)
    local_stack.down(place)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with show_progress(quiet=options.as_json) as report:
        addresses = local_stack.up(place, report, StackOptions(jars=(home / "kafka" / "jars").resolve()))
    try:
        yield place, addresses
    except KeyboardInterrupt:
        typer.echo("Stopped; ending everything.", err=True)
        raise
    finally:
        if not options.keep:
            local_stack.down(place)


def _run(options: Options, pipeline: Pipeline, home: Path, addresses: StackAddresses) -> Summary:
    assert pipeline.replay is not None, "checked by the command"
    events = load_source(pipeline.replay.source)(limit_days=options.days)
    with _session(options, pipeline, home, addresses) as session, _screen(options) as live:

        def look(view: View) -> None:
            if live is not None:
                live.update(render(f"anabranch · {pipeline.pipeline}", view, _progress(session.replay)))

        started = time.monotonic()
        session.run(events, look, options.speed)
        took_s = time.monotonic() - started
        session.settle("baselines", look, BASELINES_S)
        view = session.watcher.view()
        if options.keep:
            session.supervisor.release()
        assert session.replay is not None
        tally = session.replay.tally
    # The baselines have written their last figures by now: they do so when they are stopped.
    summary = summarise(view, read_board(home, pipeline.pipeline), tally.latencies_ms, took_s)
    save_plot(view, options.plot, f"{pipeline.pipeline}: learned while served", summary.courses)
    return summary


@contextmanager
def _session(options: Options, pipeline: Pipeline, home: Path, addresses: StackAddresses) -> Iterator[Session]:
    """A session that says on standard error what it waits for, at its start and at its end."""
    console = Console(stderr=True, quiet=options.as_json)
    status = console.status("Making topics")
    status.start()
    session = Session(options.file, pipeline, home, addresses, tell=status.update)
    try:
        with session:
            status.stop()
            yield session
            status.update("Ending the processes")
            status.start()
    finally:
        status.stop()


def _screen(options: Options) -> Live | nullcontext[None]:
    return nullcontext() if options.as_json else Live(console=Console(), refresh_per_second=4)


def _progress(replay: Replay | None) -> dict[str, str]:
    if replay is None:
        return {}
    tally = replay.tally
    return {"replayed": f"{tally.requests:,} requests   {tally.features:,} feature events   {tally.labels:,} labels"}


def _tell(options: Options, summary: Summary, place: Path) -> None:
    if options.as_json:
        typer.echo(json.dumps(summary.as_json()))
        return
    console = Console()
    console.print(scores_table(summary.board))
    console.print(run_table(summary))
    console.print(f"Plot: {options.plot}", highlight=False)
    if options.keep:
        typer.echo(f"All is left running: look around with --home {place}")
        typer.echo(f"End it: anabranch down --home {place.parent}")
