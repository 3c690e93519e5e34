"""Options that many commands have, each told in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PipelineOption = Annotated[Path, typer.Option("--pipeline", help="Pipeline file.", show_default=False)]
Home = Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")]
Bootstrap = Annotated[str | None, typer.Option(help="Kafka, host:port[,host:port]; default: the local one.")]
RedisUrl = Annotated[str | None, typer.Option(help="Redis URL; default: the local one.")]
Ordinal = Annotated[int, typer.Option(min=0, help="Which of several learners.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
JsonObject = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]
