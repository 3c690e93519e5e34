"""``anabranch models``: which versions there are, where one came from, and whether all is as it must be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapters import local_stack
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from schemas.errors import DataError
from services.cli.model_reading import ModelReader
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings

app = typer.Typer(help="List, show and verify a pipeline's model versions.", no_args_is_help=True)

PipelineFile = Annotated[Path, typer.Option("--pipeline", help="Pipeline file.", show_default=False)]
Home = Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")]
Bootstrap = Annotated[str | None, typer.Option(help="Kafka, host:port[,host:port]; default: the local one.")]
RedisUrl = Annotated[str | None, typer.Option(help="Redis URL; default: the local one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


@app.command("list")
def list_(
    pipeline: PipelineFile,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """List all versions, published and refused; a star marks the one that serves.

    Example: [bold]anabranch models list --pipeline pipelines/flights.yaml[/bold]
    """
    with _reader(pipeline, home, bootstrap, redis) as (reader, store):
        manifests = [version.manifest for version in reader.announced()]
        held, current = set(store.numbers()), store.current()
    serves = current.number if current else 0
    if as_json:
        rows = [{**m, "stored": m["number"] in held, "serves": m["number"] == serves} for m in manifests]
        typer.echo(json.dumps(rows))
    else:
        Console().print(_table(manifests, held, serves))


@app.command("show")
def show(
    version: Annotated[int, typer.Argument(help="Version number.", show_default=False)],
    pipeline: PipelineFile,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """Show where a version came from: parent, offsets, gate and scores.

    Example: [bold]anabranch models show 7 --pipeline pipelines/flights.yaml[/bold]
    """
    with _reader(pipeline, home, bootstrap, redis) as (reader, _):
        found = next((v.manifest for v in reader.announced() if v.number == version), None)
    if found is None:
        raise DataError(f"There is no version {version}.", "See `anabranch models list`.")
    manifest = {**found, "gate": json.loads(found["gate"]), "scores": json.loads(found["scores"])}
    if as_json:
        typer.echo(json.dumps(manifest))
    else:
        Console().print_json(data=manifest)


@app.command("verify")
def verify(
    pipeline: PipelineFile,
    sample: Annotated[int, typer.Option(min=0, help="Newest answers of a partition to compute again.")] = 1000,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """Check digests, the pointer, the numbers, and that recorded answers come out again.

    Leaves with 0 if all holds, else with 5.

    Example: [bold]anabranch models verify --pipeline pipelines/flights.yaml --sample 5000[/bold]
    """
    with _reader(pipeline, home, bootstrap, redis) as (reader, _):
        findings = reader.verify(sample)
    well = all(finding.holds for finding in findings)
    if as_json:
        typer.echo(json.dumps({"well": well, "checks": [asdict(f) for f in findings]}))
    else:
        typer.echo("\n".join(f"{'ok  ' if f.holds else 'FAIL'}  {f.check}: {f.what}" for f in findings))
    if not well:
        raise typer.Exit(DataError.exit_code)


@contextmanager
def _reader(
    file: Path, home: Path | None, bootstrap: str | None, redis: str | None
) -> Iterator[tuple[ModelReader, RedisModelStore]]:
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    contracts = read_contracts(file, settings.registry)
    addresses = local_stack.find_stack(settings.home, settings.bootstrap, settings.redis)
    with closing(connect(addresses.redis_url)) as client:
        store = RedisModelStore(client, contracts.pipeline.pipeline)
        yield ModelReader(contracts, addresses.bootstrap, store), store


def _table(manifests: list[dict[str, Any]], held: set[int], serves: int) -> Table:
    table = Table("version", "digest", "examples", "offsets", "trained through", "gate", "stored")
    for m in manifests:
        through = datetime.fromtimestamp(m["trained_through"] / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        gate = "admitted" if m["published"] else "refused"
        star = " *" if m["number"] == serves else ""
        offsets = f"{m['first_offset']}–{m['last_offset']}"
        stored = "yes" if m["number"] in held else ""
        table.add_row(f"{m['number']}{star}", m["digest"][:12], f"{m['examples']:,}", offsets, through, gate, stored)
    return table
