"""``anabranch models``: which versions there are, where one came from, and whether all is as it must be."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from schemas.errors import DataError
from services.cli.model_reading import open_models
from services.cli.model_telling import put_back, rebuilt, rebuilt_text, shown
from services.cli.options import Bootstrap, Home, Json, PipelineOption, RedisUrl
from services.cli.stack import show_progress
from services.learner.rebuilding import nearest, rebuild

app = typer.Typer(help="List, show, verify and rebuild a pipeline's model versions.", no_args_is_help=True)


@app.command("list")
def list_(
    pipeline: PipelineOption,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """List all versions, published and refused; a star marks the one that serves.

    Example: [bold]anabranch models list --pipeline pipelines/flights.yaml[/bold]
    """
    with open_models(pipeline, home, bootstrap, redis) as (reader, store):
        manifests = list(reader.manifests().values())
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
    pipeline: PipelineOption,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """Show where a version came from: parent, exact offsets, gate, scores and recipe.

    Example: [bold]anabranch models show 7 --pipeline pipelines/flights.yaml[/bold]
    """
    with open_models(pipeline, home, bootstrap, redis) as (reader, _):
        manifests, topic = reader.manifests(), reader.topic("examples")
    if version not in manifests:
        raise nearest(version, manifests)
    manifest = shown(version, manifests, topic)
    if as_json:
        typer.echo(json.dumps(manifest))
    else:
        Console().print_json(data=manifest)


@app.command("rebuild")
def rebuild_(
    version: Annotated[int, typer.Argument(help="Version number.", show_default=False)],
    pipeline: PipelineOption,
    out: Annotated[Path | None, typer.Option(help="Write the artefact, safetensors, to this file.")] = None,
    put: Annotated[bool, typer.Option("--put", help="Put it back into the model store if it is not there.")] = False,
    home: Home = None,
    bootstrap: Bootstrap = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """Learn a version again from its exact offsets; it must end in the digest that was announced.

    Takes as long as learning all of that took. Leaves with 5, and the cause, if another model comes out.

    Example: [bold]anabranch models rebuild 7 --pipeline pipelines/flights.yaml --out seven.safetensors[/bold]
    """
    with open_models(pipeline, home, bootstrap, redis) as (reader, store), show_progress(quiet=as_json) as report:
        manifests = reader.manifests()
        if version not in manifests:
            raise nearest(version, manifests)
        manifest, first = manifests[version], min(int(m["first_offset"]) for m in manifests.values())
        if put and not manifest["published"]:
            raise DataError(f"Version {version} was refused by its gate: the store never had it.", "Leave out --put.")
        with closing(reader.examples()) as log:
            made = rebuild(reader.contracts, log, manifest, first, lambda at, end: report("Learning", at, end))
        if out is not None:
            out.write_bytes(made.blob)
        if put:
            put_back(store, made, manifest)
    told = rebuilt(made, reader.topic("examples"), first, out, put)
    typer.echo(json.dumps(told) if as_json else rebuilt_text(told))


@app.command("verify")
def verify(
    pipeline: PipelineOption,
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
    with open_models(pipeline, home, bootstrap, redis) as (reader, _):
        findings = reader.verify(sample)
    well = all(finding.holds for finding in findings)
    if as_json:
        typer.echo(json.dumps({"well": well, "checks": [asdict(f) for f in findings]}))
    else:
        typer.echo("\n".join(f"{'ok  ' if f.holds else 'FAIL'}  {f.check}: {f.what}" for f in findings))
    if not well:
        raise typer.Exit(DataError.exit_code)


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
