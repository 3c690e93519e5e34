"""``anabranch trace``: one request, from the log."""

from __future__ import annotations

import json
import math
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.local_stack import find_stack
from adapters.log_search_kafka import KafkaLogSearch
from services.cli.pipeline_reading import read_contracts
from services.cli.stack import show_progress
from services.cli.surroundings import read_settings
from services.trace.main import trace as traced
from services.trace.screen import render


def trace(
    file: Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)],
    request_id: Annotated[str, typer.Argument(help="Request id, as the application chose it.", show_default=False)],
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka servers; default: the local stack.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")] = False,
) -> None:
    """Tell one request's story: features, answer, label, batch, versions it shaped.

    All of it comes from the log, also while the pipeline runs. Leaves with 5 if nobody knows the id.

    Example: [bold]anabranch trace pipelines/flights.yaml UA1545-EWR-0101[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap)
    contracts = read_contracts(file, settings.registry)
    kafka = settings.bootstrap or find_stack(settings.home, redis_url="not asked for").bootstrap
    with show_progress(quiet=as_json) as report, closing(KafkaLogSearch(kafka)) as log:
        story = traced(contracts, log, request_id, report)
    if as_json:
        typer.echo(json.dumps(_known(asdict(story)), allow_nan=False))
    else:
        Console().print(render(story))


def _known(value: Any) -> Any:
    """Replace numbers that are not finite, which JSON does not know, by null."""
    if isinstance(value, dict):
        return {key: _known(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_known(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
