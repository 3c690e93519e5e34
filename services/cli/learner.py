"""``anabranch learner``: learning frozen and thawed by hand, by a record in the log that it learns from."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from time import time
from typing import Annotated

import typer

from adapters import local_stack
from adapters.publisher import Publisher
from schemas.commands import CommandName, encode_command
from schemas.topics import topic_name
from services.cli.options import Bootstrap, Home, Json, Ordinal, PipelineOption
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings

app = typer.Typer(help="Freeze and thaw learning by hand; serving goes on.", no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="Why; versions and the log will say it.", show_default=False)]


@app.command("freeze")
def freeze(
    pipeline: PipelineOption,
    reason: Reason,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let learning stand still from here in the log on; what comes until it thaws is not learned.

    Example: [bold]anabranch learner freeze --pipeline pipelines/flights.yaml --reason "labels under repair"[/bold]
    """
    _command("freeze", reason, pipeline, home, bootstrap, ordinal, as_json)


@app.command("thaw")
def thaw(
    pipeline: PipelineOption,
    reason: Reason,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let learning go on, whether a person or the learner itself had frozen it.

    Example: [bold]anabranch learner thaw --pipeline pipelines/flights.yaml --reason "labels are mended"[/bold]
    """
    _command("thaw", reason, pipeline, home, bootstrap, ordinal, as_json)


def _command(
    name: CommandName, reason: str, file: Path, home: Path | None, bootstrap: str | None, ordinal: int, as_json: bool
) -> None:
    settings = read_settings(home=home, bootstrap=bootstrap)
    contracts = read_contracts(file, settings.registry)
    kafka = settings.bootstrap or local_stack.find_stack(settings.home, redis_url="unused").bootstrap
    topic = topic_name(contracts.pipeline.pipeline, "examples")
    with closing(Publisher(kafka)) as publisher:
        publisher.send(topic, b"", encode_command(contracts, name, reason, time() * 1000), ordinal)
        publisher.flush()
    told = {"command": name, "topic": topic, "partition": ordinal, "reason": reason}
    text = f"{name} is in {topic}/{ordinal}: it holds for the examples that come after it."
    typer.echo(json.dumps(told) if as_json else text)
