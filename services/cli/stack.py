"""``anabranch up``, ``down`` and ``status``: Kafka and Redis on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from adapters import local_stack
from adapters.local_stack import Report, ServerName, ServerStatus, StackOptions
from adapters.process_files import end_processes
from schemas.errors import DependencyError
from services.cli.bars import new_bar
from services.cli.options import JsonObject
from services.cli.surroundings import read_settings

Home = Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch here.")]


def up(
    home: Home = None,
    bootstrap: Annotated[
        str | None, typer.Option(help="A Kafka that exists already, host:port[,host:port]: start none.")
    ] = None,
    redis: Annotated[str | None, typer.Option(help="URL of a Redis that exists already: start none.")] = None,
    as_json: JsonObject = False,
) -> None:
    """Start Apache Kafka and Redis on this machine.

    What runs already is left as it is. The first time, Kafka's jars are fetched (43 MB).

    Example: [bold]anabranch up --json[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    given: dict[ServerName, str] = {"redis": settings.redis, "kafka": settings.bootstrap}
    wanted = tuple(name for name, address in given.items() if not address)
    with show_progress(quiet=as_json) as report:
        started = local_stack.up(settings.home, report, StackOptions(wanted=wanted))
    kafka_at = settings.bootstrap or started.bootstrap
    redis_at = settings.redis or started.redis_url
    if as_json:
        typer.echo(json.dumps({"bootstrap": kafka_at, "redis": redis_at}))
    else:
        typer.echo(f"Kafka at {kafka_at}, Redis at {redis_at}. `anabranch down` ends what was started.")


@contextmanager
def show_progress(quiet: bool) -> Iterator[Report]:
    """Show the steps of `local_stack.up` on standard error: a spinner, and a bar where the amount is known."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with new_bar(*columns, TimeElapsedColumn(), quiet=quiet) as bar:
        task = bar.add_task("Looking around", total=None)

        def report(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total or None)

        yield report


def down(home: Home = None, as_json: JsonObject = False) -> None:
    """End Kafka, Redis and what was kept running on them; data stays.

    Example: [bold]anabranch down[/bold]
    """
    folder = read_settings(home=home).home
    ended = [name for place in (demo_home(folder), folder) for name in _end_all(place)]
    if as_json:
        typer.echo(json.dumps({"ended": ended}))
    else:
        typer.echo(f"Ended {', '.join(ended)}." if ended else "Nothing was running.")


def _end_all(home: Path) -> tuple[str, ...]:
    return (*end_processes(home.resolve()), *local_stack.down(home))


def demo_home(home: Path) -> Path:
    """Return the folder within a home on whose servers the demo runs."""
    return (home / "demo").resolve()


def status(home: Home = None, as_json: JsonObject = False) -> None:
    """Show how the local Kafka and Redis are.

    Leaves with 0 if both serve, else with 4; for one that crashed the end of its log is shown.
    The demo has servers of its own: see them with --home .anabranch/demo.

    Example: [bold]anabranch status --json[/bold]
    """
    seen = local_stack.status(read_settings(home=home).home)
    if as_json:
        typer.echo(json.dumps({"well": seen.is_well, "servers": [asdict(server) for server in seen.servers]}))
    else:
        typer.echo("\n".join(map(_describe, seen.servers)))
    if not seen.is_well:
        raise typer.Exit(DependencyError.exit_code)


def _describe(server: ServerStatus) -> str:
    where = f"  {server.address}  pid {server.pid}  {server.program}" if server.address else ""
    lines = [f"{server.name:6} {server.condition}{where}"]
    if server.condition == "crashed":
        lines.append(f"       It ended without `anabranch down`. Its log ends ({', '.join(server.logs)}):")
    lines += [f"       | {line}" for line in server.last_words]
    return "\n".join(lines)
