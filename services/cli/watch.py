"""``anabranch watch``: what a pipeline is doing right now."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from adapters.local_stack import find_stack
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings
from services.watch.main import Watcher
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
            _show(watcher, f"anabranch · {pipeline.pipeline}", once, as_json)
        except KeyboardInterrupt:
            return


def _show(watcher: Watcher, title: str, once: float, as_json: bool) -> None:
    if once:
        time.sleep(once)
        view = watcher.view()
        typer.echo(json.dumps(asdict(view))) if as_json else _draw(title, watcher)
    elif as_json:
        while True:
            time.sleep(REFRESH_S)
            typer.echo(json.dumps(asdict(watcher.view())))
    else:
        with Live(render(title, watcher.view()), refresh_per_second=4) as live:
            while True:
                time.sleep(REFRESH_S)
                live.update(render(title, watcher.view()))


def _draw(title: str, watcher: Watcher) -> None:
    from rich.console import Console

    Console().print(render(title, watcher.view()))
