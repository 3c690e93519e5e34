"""``anabranch watch``: what a pipeline is doing right now."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.live import Live

from adapters.local_stack import find_stack
from schemas.pipeline import Pipeline
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings
from services.watch.main import Watcher
from services.watch.objectives import standings, standings_line
from services.watch.screen import render

REFRESH_S = 0.5


def watch(
    file: Annotated[Path, typer.Argument(help="Pipeline file.")],
    since: Annotated[str, typer.Option(help="Where to begin: `beginning` or `end` of the topics.")] = "beginning",
    once: Annotated[float, typer.Option(help="Show once, after so many seconds, and leave; 0: stay.")] = 0.0,
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka servers; default: the local stack.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
) -> None:
    """Watch a pipeline: rate, latency, scores, versions, drift.

    Ctrl-C leaves.

    Example: [bold]anabranch watch pipelines/flights.yaml[/bold]
    """
    if since not in ("beginning", "end"):
        raise typer.BadParameter("say `beginning` or `end`", param_hint="--since")
    settings = read_settings(home=home, bootstrap=bootstrap)
    kafka = settings.bootstrap or find_stack(settings.home, redis_url="unused").bootstrap
    contracts = read_contracts(file, settings.registry)
    pipeline = contracts.pipeline
    with Watcher(contracts, kafka, "end" if since == "end" else "beginning") as watcher:
        try:
            _show(watcher, pipeline, once, as_json)
        except KeyboardInterrupt:
            return


def _show(watcher: Watcher, pipeline: Pipeline, once: float, as_json: bool) -> None:
    if once:
        time.sleep(once)
        typer.echo(_as_json(watcher, pipeline)) if as_json else Console().print(_rendered(watcher, pipeline))
    elif as_json:
        while True:
            time.sleep(REFRESH_S)
            typer.echo(_as_json(watcher, pipeline))
    else:
        with Live(_rendered(watcher, pipeline), refresh_per_second=4) as live:
            while True:
                time.sleep(REFRESH_S)
                live.update(_rendered(watcher, pipeline))


def _as_json(watcher: Watcher, pipeline: Pipeline) -> str:
    view = watcher.view()
    return json.dumps({**asdict(view), "objectives": [asdict(s) for s in standings(pipeline.objectives, view)]})


def _rendered(watcher: Watcher, pipeline: Pipeline) -> RenderableType:
    view = watcher.view()
    met = standings_line(standings(pipeline.objectives, view))
    return render(f"anabranch · {pipeline.pipeline}", view, {"objectives": met})
