"""``anabranch schemas``: show, lock, check and describe the records of a pipeline."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from schemas.asyncapi import asyncapi_of
from schemas.compatibility import locked, render_lock, unlocked
from schemas.errors import ConfigurationError
from schemas.generated import all_schemas
from schemas.pipeline_rules import suggestion
from schemas.subjects import subjects
from services.cli.options import Json
from services.cli.pipeline_reading import build_contracts, lock_path, read_contracts, read_lock, read_pipeline
from services.cli.surroundings import read_settings

app = typer.Typer(help="Show, lock, check and describe the records of a pipeline.", no_args_is_help=True)
PipelineFile = Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)]
Registry = Annotated[str | None, typer.Option(help="URL of a schema registry; default: built-in ids.")]


@app.command("show")
def show(
    file: PipelineFile,
    record: Annotated[str, typer.Option(help="Print the Avro schema of this record.")] = "",
    registry: Registry = None,
    as_json: Json = False,
) -> None:
    """List the records with their subjects and ids, or print one schema.

    Example: [bold]anabranch schemas show pipelines/flights.yaml --record Request[/bold]
    """
    contracts = read_contracts(file, read_settings(registry=registry).registry)
    if record and record not in contracts.records:
        raise ConfigurationError(f"There is no record '{record}'.", suggestion(record, [*contracts.records]))
    if record:
        typer.echo(json.dumps(contracts.codec(record).schema, indent=None if as_json else 2, ensure_ascii=False))
        return
    rows = [{"subject": s, "record": r, "id": contracts.codec(r).schema_id} for s, r in subjects(contracts.pipeline)]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        Console().print(_table(rows))


@app.command("lock")
def lock(file: PipelineFile, as_json: Json = False) -> None:
    """Write down the present schemas, so that what they write stays readable.

    Keep the file in version control. A schema that cannot read its past is refused.

    Example: [bold]anabranch schemas lock pipelines/flights.yaml[/bold]
    """
    pipeline, former = read_pipeline(file), read_lock(file)
    schemas = all_schemas(pipeline)
    new = unlocked(former, schemas)
    path = lock_path(file)
    try:
        path.write_text(render_lock(pipeline.pipeline, locked(former, schemas)), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}.", "Make its folder writable.") from error
    if as_json:
        typer.echo(json.dumps({"file": str(path), "new": new}))
    else:
        typer.echo(f"{path} holds all schemas{'; new: ' + ', '.join(new) if new else '; nothing was new'}.")


@app.command("check")
def check(file: PipelineFile, registry: Registry = None, as_json: Json = False) -> None:
    """Check that every record reads all its past and is locked.

    Leaves with 3 if not. With a registry, schemas that it does not know are registered.

    Example: [bold]anabranch schemas check pipelines/flights.yaml[/bold]
    """
    pipeline, former = read_pipeline(file), read_lock(file)
    build_contracts(pipeline, former, read_settings(registry=registry).registry)
    missing = unlocked(former, all_schemas(pipeline))
    if missing:
        what = f"{lock_path(file)} does not hold the present schema of {', '.join(missing)}."
        raise ConfigurationError(what, f"Run `anabranch schemas lock {file}` and keep the file.")
    if as_json:
        typer.echo(json.dumps({"compatible": True, "records": len(all_schemas(pipeline))}))
    else:
        typer.echo(f"All {len(all_schemas(pipeline))} records of {pipeline.pipeline} read their past and are locked.")


@app.command("asyncapi")
def asyncapi(
    file: PipelineFile,
    out: Annotated[Path | None, typer.Option(help="File to write; default: standard output.")] = None,
) -> None:
    """Print the AsyncAPI 3 document of a pipeline: topics, records, who writes and reads.

    Example: [bold]anabranch schemas asyncapi pipelines/flights.yaml --out flights.asyncapi.json[/bold]
    """
    text = json.dumps(asyncapi_of(read_pipeline(file)), indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.", "Choose another --out.") from error


@app.command("serve")
def serve(
    file: PipelineFile, port: Annotated[int, typer.Option(help="Port on loopback; 0: a free one.")] = 8081
) -> None:
    """Serve the built-in ids as a schema registry on loopback, until Ctrl-C.

    Then `kcat -s value=avro -r http://127.0.0.1:8081` and clients in any language read every topic.

    Example: [bold]anabranch schemas serve pipelines/flights.yaml[/bold]
    """
    from adapters.registry_server import serving  # brings the registry's client, which the others do without

    pipeline = read_pipeline(file)
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # in all threads, so that they wait for us below
    try:
        with serving(pipeline, port) as at:
            typer.echo(f"Schemas of {pipeline.pipeline} at http://127.0.0.1:{at}; Ctrl-C ends it.")
            signal.sigwait(ends)
    except OSError as error:
        raise ConfigurationError(f"Port {port} cannot be used: {error}.", "Choose another --port, or 0.") from error


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("record", "id", Column("subject", overflow="fold"), box=None)
    for row in rows:
        table.add_row(row["record"], str(row["id"]), row["subject"])
    return table
