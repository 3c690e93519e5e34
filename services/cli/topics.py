"""``anabranch topics``: bring a broker's topics to what a pipeline needs, or list them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters import local_stack
from adapters.topics_admin import apply_topics, list_topics
from schemas.topic_diff import TopicChange
from services.cli.options import Bootstrap, Home, Json
from services.cli.pipeline_reading import read_pipeline
from services.cli.surroundings import read_settings

app = typer.Typer(help="Bring the topics to what a pipeline needs, or list them.", no_args_is_help=True)


@app.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, change nothing.")] = False,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Make and configure the topics that a pipeline lacks; nothing is ever deleted.

    A topic with another number of partitions is refused: changing it would move keys away from their state.

    Example: [bold]anabranch topics apply pipelines/flights.yaml --dry-run[/bold]
    """
    pipeline = read_pipeline(file)
    changes = apply_topics(pipeline, _kafka(home, bootstrap), dry_run)
    if as_json:
        typer.echo(json.dumps({"applied": not dry_run, "changes": [asdict(change) for change in changes]}))
    elif changes:
        Console().print(_changes(changes, "would change" if dry_run else "changed"))
    else:
        typer.echo(f"All topics of {pipeline.pipeline} are as they must be.")


@app.command("list")
def list_(
    pipeline: Annotated[str, typer.Option(help="Only the topics of the pipeline of this name.")] = "",
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """List topics with their partitions and retention.

    Example: [bold]anabranch topics list --pipeline flights[/bold]
    """
    found = list_topics(_kafka(home, bootstrap), f"{pipeline}." if pipeline else "")
    if as_json:
        typer.echo(json.dumps({name: asdict(topic) for name, topic in found.items()}))
        return
    table = Table("topic", "partitions", "cleanup", "retention ms", box=None)
    for name, topic in found.items():
        config = topic.config
        table.add_row(name, str(topic.partitions), config.get("cleanup.policy", ""), config.get("retention.ms", ""))
    Console().print(table)


def _kafka(home: Path | None, bootstrap: str | None) -> str:
    settings = read_settings(home=home, bootstrap=bootstrap)
    return settings.bootstrap or local_stack.find_stack(settings.home, "", settings.redis).bootstrap


def _changes(changes: Sequence[TopicChange], title: str) -> Table:
    table = Table("", "topic", "setting", "is", "must be", title=title, box=None, title_justify="left")
    colours = {"create": "green", "configure": "yellow", "conflict": "red"}
    for c in changes:
        table.add_row(f"[{colours[c.kind]}]{c.kind}[/]", c.topic, c.key, c.is_, c.must_be)
    return table
