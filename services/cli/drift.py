"""``anabranch drift``: what has drifted, since when, in which columns, and how both sides look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn

from adapters.local_stack import find_stack
from adapters.log_search import Passed
from adapters.log_search_kafka import KafkaLogSearch
from models.drift.event import Drift
from schemas.contracts import Contracts
from services.cli.bars import new_bar
from services.cli.options import Bootstrap, Home, Json, PipelineOption
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings
from services.drift.edges import as_document, as_yaml, choose_edges
from services.drift.reading import drift_called, read_drifts
from services.drift.screen import WIDE, drift_lines, drift_table, render

app = typer.Typer(help="List and show the drifts that were found; choose the edges of bins.", no_args_is_help=True)


@app.command("list")
def list_(
    pipeline: PipelineOption,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that still last.")] = False,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """List all drifts, oldest first; three dots mark those that still last.

    Those of the source `errors` are alarms of detectors on the learner's errors.

    Example: [bold]anabranch drift list --pipeline pipelines/flights.yaml[/bold]
    """
    drifts = _read(pipeline, home, bootstrap).values()
    shown = [drift for drift in drifts if not only_open or drift.state != "closed"]
    if as_json:
        typer.echo(json.dumps([_known(asdict(drift)) for drift in shown], allow_nan=False))
    elif shown:
        _print(shown)
    else:
        typer.echo("No drift lasts." if only_open else "No drift has been found.")


@app.command("show")
def show(
    drift_id: Annotated[str, typer.Argument(metavar="ID", help="Id, as listed.", show_default=False)],
    pipeline: PipelineOption,
    png: Annotated[Path | None, typer.Option(help="Plot histograms and quantiles of both sides to this file.")] = None,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Show a drift: what, since when, and the histograms of both sides laid over each other, if it has any.

    Leaves with 5 if there is none of this id.

    Example: [bold]anabranch drift show labels:1386547200000 --pipeline flights.yaml --png it.png[/bold]
    """
    drift = drift_called(drift_id, _read(pipeline, home, bootstrap))
    if png is not None:
        from services.drift.plot import save_plot  # matplotlib takes half a second to import

        save_plot(drift, png)
    if as_json:
        typer.echo(json.dumps(_known(asdict(drift)), allow_nan=False))
    else:
        Console().print(render(drift))


@app.command("edges")
def edges(
    file: Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)],
    rows: Annotated[int, typer.Option(min=100, max=1_000_000, help="Newest answers to read, at most.")] = 100_000,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Choose edges for the bins of each number, from its newest values, and print `drift.edges` for the pipeline file.

    Between them rows are spread evenly. Comments say of each column what part of the rows the fullest bin holds.
    Leaves with 5 if there is no answer yet.

    Example: [bold]anabranch drift edges pipelines/flights.yaml[/bold]
    """
    with _log(file, home, bootstrap) as (contracts, log), _progress() as passed:
        choices = choose_edges(contracts, log, rows, passed)
    typer.echo(json.dumps(as_document(choices)) if as_json else as_yaml(choices), nl=as_json)


def _print(drifts: list[Drift]) -> None:
    """One a line where that is long enough, as in a file it always is."""
    console = Console()
    if console.is_terminal and console.width < WIDE:
        console.print(drift_lines(drifts))
    else:
        Console(width=max(console.width, WIDE)).print(drift_table(drifts))


def _read(file: Path, home: Path | None, bootstrap: str | None) -> dict[str, Drift]:
    with _log(file, home, bootstrap) as (contracts, log):
        return read_drifts(contracts, log)


@contextmanager
def _log(file: Path, home: Path | None, bootstrap: str | None) -> Iterator[tuple[Contracts, KafkaLogSearch]]:
    settings = read_settings(home=home, bootstrap=bootstrap)
    contracts = read_contracts(file, settings.registry)
    kafka = settings.bootstrap or find_stack(settings.home, redis_url="not asked for").bootstrap
    with closing(KafkaLogSearch(kafka)) as log:
        yield contracts, log


@contextmanager
def _progress() -> Iterator[Passed]:
    """Show a bar on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with new_bar(*columns) as shown:
        task = shown.add_task("Reading", total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """Replace what is not a number, which JSON does not know, by null."""
    return {name: _or_null(value) for name, value in fields.items()}


def _or_null(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_or_null(item) for item in value]
    return None if isinstance(value, float) and value != value else value
