"""``anabranch pipelines``: check a pipeline file, or begin one."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from schemas.errors import ConfigurationError
from schemas.layout import layout_of
from schemas.pipeline import Name, Pipeline
from schemas.subjects import records_on
from schemas.topics import TOPICS, topic_name
from services.cli.options import JsonObject
from services.cli.pipeline_reading import read_contracts

app = typer.Typer(help="Check a pipeline file, or begin one.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)], as_json: JsonObject = False
) -> None:
    """Check a pipeline file and show what follows from it.

    Leaves with 3 if anything is wrong; every fault is told with its line and the nearest right key.

    Example: [bold]anabranch pipelines check pipelines/flights.yaml[/bold]
    """
    found = summary(read_contracts(file).pipeline)
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Console()
    console.print(f"[green]{file} is right.[/green]")
    table = Table(show_header=False, box=None)
    for name, value in found.items():
        table.add_row(name, ", ".join(value) if isinstance(value, list) else str(value))
    console.print(table)


@app.command("init")
def init(
    name: Annotated[str, typer.Argument(help="Name of the pipeline: a-z, 0-9 and -.", show_default=False)],
    folder: Annotated[Path, typer.Option(help="Where to put the file.")] = Path("pipelines"),
    as_json: JsonObject = False,
) -> None:
    """Write a pipeline file that works, with comments, to start from.

    A file that exists already is never touched.

    Example: [bold]anabranch pipelines init card-fraud[/bold]
    """
    path = folder / f"{_checked(name)}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as out:
            out.write(template(name))
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists already.", "Choose another name, or edit the file.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}.", "Choose another --folder.") from error
    if as_json:
        typer.echo(json.dumps({"file": str(path)}))
    else:
        typer.echo(f"Wrote {path}. Edit it, then: anabranch pipelines check {path}")


def template(name: str) -> str:
    """Text of a new pipeline file."""
    return files("services.cli").joinpath("pipeline_template.yaml").read_text("utf-8").replace("{{name}}", name)


def summary(pipeline: Pipeline) -> dict[str, Any]:
    """Tell what follows from a pipeline file."""
    layout = layout_of(pipeline)
    asked = len(layout.request)
    return {
        "pipeline": pipeline.pipeline,
        "target": f"{pipeline.target.type}, {layout.outputs} output{'s' if layout.outputs > 1 else ''}",
        "vector": f"{layout.width} columns: {asked} of the request, {layout.width - asked} of windows",
        "entity kinds": [kind.name for kind in layout.kinds],
        "events": [*pipeline.events],
        "topics": [topic_name(pipeline.pipeline, s.role) for s in TOPICS if records_on(pipeline, s)],
        "partitions": pipeline.topics.partitions,
    }


def _checked(name: str) -> str:
    try:
        return TypeAdapter[str](Name).validate_python(name)
    except ValidationError as error:
        cure = "Begin with a letter a-z; then letters, digits and - up to 41 characters."
        raise ConfigurationError(f"{name!r} cannot be the name of a pipeline.", cure) from error
