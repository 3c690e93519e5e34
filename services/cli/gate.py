"""``anabranch gate``: what was published, what was refused, and why."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters import local_stack
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from services.cli.gate_telling import Manifest, Row, decision_of, decisions_of, why
from services.cli.model_reading import ModelReader
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings
from services.learner.rebuilding import nearest

app = typer.Typer(help="List and show what the gate decided, and why.", no_args_is_help=True)

PipelineFile = Annotated[Path, typer.Option("--pipeline", help="Pipeline file.", show_default=False)]
Home = Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")]
Bootstrap = Annotated[str | None, typer.Option(help="Kafka, host:port[,host:port]; default: the local one.")]
RedisUrl = Annotated[str | None, typer.Option(help="Redis URL; default: the local one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


@app.command("list")
def list_(
    pipeline: PipelineFile,
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
    pipeline: PipelineFile,
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
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    contracts = read_contracts(file, settings.registry)
    addresses = local_stack.find_stack(settings.home, settings.bootstrap, settings.redis)
    with closing(connect(addresses.redis_url)) as client:
        store = RedisModelStore(client, contracts.pipeline.pipeline)
        return {**ModelReader(contracts, addresses.bootstrap, store).manifests()}


def _table(rows: list[Row]) -> Table:
    table = Table("version", "outcome", "policy", "examples", "why")
    for row in rows:
        table.add_row(str(row["number"]), row["outcome"], row["policy"], f"{row['examples']:,}", why(row))
    return table
