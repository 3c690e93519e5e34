"""``anabranch verify``: whether a pipeline has kept its promises, from its log and stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from adapters.local_stack import find_stack
from adapters.model_store_redis import RedisModelStore
from adapters.partition_log_kafka import KafkaPartitionLog
from adapters.redis_client import connect
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.topics import topic_name
from services.cli.bars import new_bar
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings
from services.verify.main import Options, Relearn, Relearned
from services.verify.main import verify as verify_pipeline
from services.verify.progress import Tell
from services.verify.report import Equation, Report


def verify(
    file: Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)],
    again: Annotated[bool, typer.Option(help="Learn every version again and compare digests.")] = True,
    sample: Annotated[int, typer.Option(min=0, help="Answers of each version to compute again.")] = 32,
    seed: Annotated[int, typer.Option(help="Chooses which.")] = 0,
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka servers; default: the local stack.")] = None,
    redis: Annotated[str | None, typer.Option(help="Redis URL; default: the local one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Check that nothing was lost, doubled or made up: from the log and the stores alone.

    The pipeline may run meanwhile. Leaves with 0 if all holds, else with 5.

    Example: [bold]anabranch verify pipelines/flights.yaml --no-again[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    contracts = read_contracts(file, settings.registry)
    addresses = find_stack(settings.home, settings.bootstrap, settings.redis)
    with closing(connect(addresses.redis_url)) as client, _progress() as tell:
        store = RedisModelStore(client, contracts.pipeline.pipeline)
        learned = relearning(contracts, addresses.bootstrap, tell) if again else None
        report = verify_pipeline(contracts, addresses.bootstrap, store, learned, tell, Options(sample, seed))
    if as_json:
        typer.echo(json.dumps(as_document(report)))
    else:
        _show(report)
    if not report.holds:
        raise typer.Exit(DataError.exit_code)


def relearning(contracts: Contracts, bootstrap: str, tell: Tell = lambda _what, _done, _whole: None) -> Relearn:
    """Offer what `verify` learns again with: the learner's own core, on the examples in Kafka."""

    def again(through: int) -> Iterator[Relearned]:
        from services.learner.relearn import relearn  # brings torch, which the books can do without

        topic = topic_name(contracts.pipeline.pipeline, "examples")
        with closing(KafkaPartitionLog(bootstrap, topic, 0)) as log:
            yield from relearn(contracts, log, through, lambda done, end: tell("learning again", done, end))

    return again


def as_document(report: Report) -> dict[str, Any]:
    """Turn a report into what ``--json`` prints."""
    equations = [{**asdict(e), "holds": e.holds, "offender": e.offender} for e in report.equations]
    return {"pipeline": report.pipeline, "holds": report.holds, "records": report.records, "equations": equations}


def _show(report: Report) -> None:
    console = Console()
    table = Table("", "checked", Column("for", no_wrap=True), Column("numbers", overflow="fold"), box=None)
    for equation in report.equations:
        table.add_row(*_row(equation))
    console.print(table)
    broken = [equation for equation in report.equations if not equation.holds]
    for equation in broken:
        for fault in equation.faults:
            console.print(f"[bold red]{equation.name}[/bold red]: {fault}", soft_wrap=True, highlight=False)
    failed = f"{len(broken)} of {len(report.equations)} checks failed."
    verdict = f"[bold red]{failed}[/bold red]" if broken else "[green]All of it holds.[/green]"
    console.print(f"{report.records:,} records of {report.pipeline}. {verdict}", highlight=False)


def _row(equation: Equation) -> tuple[str, str, str, str]:
    mark = "[green]✓[/green]" if equation.holds else "[bold red]✗[/bold red]"
    numbers = f"{equation.numbers}\n[dim]{equation.note}[/dim]" if equation.note else equation.numbers
    return mark, equation.name, " ".join(equation.invariants), numbers


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show a bar on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description:>16}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with new_bar(*columns) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, whole: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=whole)
            progress.update(tasks[what], completed=done, total=whole)

        yield tell
