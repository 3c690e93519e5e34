"""``anabranch gate``: what was published, what was refused, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.gate_telling import Manifest, Row, decision_of, decisions_of, why
from services.cli.model_reading import open_models
from services.cli.options import Bootstrap, Home, Json, PipelineOption, RedisUrl
from services.learner.rebuilding import nearest

app = typer.Typer(help="List and show what the gate decided, and why.", no_args_is_help=True)


@app.command("list")
def list_(
    pipeline: PipelineOption,
    refused: Annotated[bool, typer.Option("--refused", help="Refusals only.")] = False,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """List every decision: candidates published and refused, and versions recalled.

    Example: [bold]anabranch gate list --pipeline pipelines/flights.yaml --refused[/bold]
    """
    rows = decisions_of(_manifests(pipeline, home, bootstrap, redis).values(), refused)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        Console().print(_table(rows))


@app.command("show")
def show(
    version: Annotated[int, typer.Argument(help="Version number.", show_default=False)],
    pipeline: PipelineOption,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """Show one decision with its scores and reasons.

    Example: [bold]anabranch gate show 7 --pipeline pipelines/flights.yaml[/bold]
    """
    manifests = _manifests(pipeline, home, bootstrap, redis)
    if version not in manifests:
        raise nearest(version, manifests)
    told = decision_of(manifests[version])
    if as_json:
        typer.echo(json.dumps(told))
    else:
        Console().print_json(data=told)


def _manifests(file: Path, home: Path | None, bootstrap: str | None, redis: str | None) -> dict[int, Manifest]:
    with open_models(file, home, bootstrap, redis) as (reader, _):
        return {**reader.manifests()}


def _table(rows: list[Row]) -> Table:
    table = Table("version", "outcome", "policy", "examples", "why")
    for row in rows:
        table.add_row(str(row["number"]), row["outcome"], row["policy"], f"{row['examples']:,}", why(row))
    return table
