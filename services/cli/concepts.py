"""``anabranch concepts``: the regimes that a learner has told apart, as its last checkpoint holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.checkpoint_folder import CheckpointFolder
from schemas.errors import DataError
from schemas.layout import Layout, layout_of
from services.cli.concept_telling import Row, remark, rows_of, shown
from services.cli.options import Home, Json, Ordinal, PipelineOption
from services.cli.pipeline_reading import read_pipeline
from services.cli.surroundings import read_settings
from services.learner.kept_concepts import KeptConcepts, concepts_in

app = typer.Typer(help="List and show the regimes that the learner has told apart.", no_args_is_help=True)


@app.command("list")
def list_(pipeline: PipelineOption, home: Home = None, ordinal: Ordinal = 0, as_json: Json = False) -> None:
    """List the concepts of the bank, and the present one.

    A compatible one is held against every candidate; one that the present contradicts is kept as a version.

    Example: [bold]anabranch concepts list --pipeline pipelines/flights.yaml[/bold]
    """
    kept, _ = _kept(pipeline, home, ordinal)
    rows = rows_of(kept)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        Console().print(_table(rows), *filter(None, [remark(kept)]), sep="\n")


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(help="Number of the concept.", show_default=False)],
    pipeline: PipelineOption,
    home: Home = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Show one concept: its version, its inputs and labels, how far it is from the others, and the evidence.

    Example: [bold]anabranch concepts show 2 --pipeline pipelines/flights.yaml[/bold]
    """
    kept, layout = _kept(pipeline, home, ordinal)
    told = shown(number, kept, layout)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        Console().print_json(data=told)


def _kept(file: Path, home: Path | None, ordinal: int) -> tuple[KeptConcepts, Layout]:
    pipeline = read_pipeline(file)
    folder = read_settings(home=home).home / "learner" / pipeline.pipeline / str(ordinal)
    found = CheckpointFolder(folder).load(lambda _: None)
    if found is None:
        raise DataError(
            f"There is no checkpoint in {folder}.",
            "Look where the learner runs, give its --home, and wait for its first checkpoint.",
        )
    return concepts_in(found.payload), layout_of(pipeline)


def _table(rows: list[Row]) -> Table:
    table = Table("concept", "state", "version", "loss", "examples", "since", "last seen")
    for row in rows:
        loss = "" if row["loss"] is None else f"{row['loss']:.4f}"
        counts = (f"{row[name]:,}" for name in ("rows", "since", "last_seen"))
        table.add_row(str(row["number"]), row["state"], str(row["version"] or ""), loss, *counts)
    return table
