"""``anabranch doctor``: what is wrong, and its cure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from services.cli.pipeline_reading import read_lock, read_pipeline
from services.cli.run import MODULES
from services.cli.surroundings import read_settings
from services.doctor.finding import Finding, Verdict, exit_code_of
from services.doctor.main import Subject, Surroundings, examine

COLOURS: dict[Verdict, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(
    file: Annotated[Path | None, typer.Argument(help="Pipeline file; without one only machine and servers.")] = None,
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka servers; default: the local stack.")] = None,
    redis: Annotated[str | None, typer.Option(help="Redis URL; default: the local stack.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")] = False,
) -> None:
    """Check machine, servers and a pipeline; each finding comes with its cure.

    Leaves with 0 if nothing failed, else with the code of the first failure: 3 configuration, 4 a dependency, 5 data.
    The demo has a home of its own: --home .anabranch/demo.

    Example: [bold]anabranch doctor pipelines/flights.yaml[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    around = Surroundings(settings.home.absolute(), settings.bootstrap, settings.redis, dict(os.environ))
    subject = Subject(str(file), lambda: read_pipeline(file), lambda: read_lock(file), tuple(MODULES)) if file else None
    findings = list(_shown(examine(around, subject), quiet=as_json))
    code = exit_code_of(findings)
    if as_json:
        typer.echo(json.dumps({"well": code == 0, "checks": [asdict(finding) for finding in findings]}))
    if code:
        raise typer.Exit(code)


def _shown(findings: Iterable[Finding], quiet: bool) -> Iterator[Finding]:
    """Show each finding as it comes: some checks take seconds."""
    console = Console(quiet=quiet, highlight=False)
    for finding in findings:
        head = Text.assemble((f"{finding.verdict:5}", COLOURS[finding.verdict]), f"{finding.check:14}", finding.detail)
        console.print(head, soft_wrap=True)
        if finding.verdict != "ok" and finding.cure:
            console.print(Text.assemble(" " * 19, ("cure: ", "bold"), finding.cure), soft_wrap=True)
        yield finding
