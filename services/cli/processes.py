"""``anabranch start`` and ``stop``: all processes of a pipeline, in the background."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from adapters.local_stack import find_stack
from adapters.process_files import end_processes, running_processes
from adapters.supervisor import Supervisor
from schemas.errors import DependencyError
from services.cli.options import Home, JsonObject
from services.cli.pipeline_reading import read_pipeline
from services.cli.run import check_topics
from services.cli.session import PROCESSES
from services.cli.surroundings import read_settings

File = Annotated[Path, typer.Argument(help="Pipeline file.")]
STARTED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.25


def start(
    file: File,
    process: Annotated[list[str] | None, typer.Option(help="Only this one; may be given again.")] = None,
    home: Home = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka servers; default: the local stack.")] = None,
    redis: Annotated[str | None, typer.Option(help="Redis URL; default: the local stack.")] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Stay, start again what ends, and end all with Ctrl-C or SIGTERM.")
    ] = False,
    as_json: JsonObject = False,
) -> None:
    """Start the processes of a pipeline in the background.

    What runs already is left as it is. Logs go to `<home>/logs`; `anabranch stop` ends them.
    A process that cannot go on ends and says why. In the background nobody starts it again; with --stay this does.

    Example: [bold]anabranch start pipelines/flights.yaml --process predictor[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    pipeline = read_pipeline(file)
    stack = find_stack(settings.home, settings.bootstrap, settings.redis)
    check_topics(pipeline, stack.bootstrap)
    there = {f.process for f in running_processes(settings.home, pipeline.pipeline)}
    wanted = [name for name in (process or PROCESSES) if name not in there]
    supervisor = Supervisor(settings.home / "logs", restarts=stay)
    where = ["--home", str(settings.home), "--bootstrap", stack.bootstrap, "--redis", stack.redis_url]
    over = _told_to_end() if stay else threading.Event()
    for name in wanted:
        supervisor.start(name, ["run", name, "--pipeline", str(file), *where])
    if not stay:
        _await(supervisor, settings.home, pipeline.pipeline, set(wanted))
        supervisor.release()
    typer.echo(json.dumps({"started": wanted}) if as_json else f"Started {', '.join(wanted) or 'nothing: all run'}.")
    if stay:
        _look_after(supervisor, over)


def _told_to_end() -> threading.Event:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    return over


def _look_after(supervisor: Supervisor, over: threading.Event) -> None:
    """Start again what ends, until told to end all."""
    try:
        while not over.wait(LOOK_EVERY_S):
            before = len(supervisor.restarted)
            supervisor.check()
            for name in supervisor.restarted[before:]:
                typer.echo(f"{name} had ended and was started again; its log says why.", err=True)
    finally:
        supervisor.stop()


def _await(supervisor: Supervisor, home: Path, pipeline: str, wanted: set[str]) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while not wanted <= {f.process for f in running_processes(home, pipeline)}:
        supervisor.check()
        if time.monotonic() > deadline:
            raise DependencyError("Some processes did not come up in time.", f"Look at the logs in {home / 'logs'}.")
        time.sleep(0.1)


def stop(file: File, home: Home = None, as_json: JsonObject = False) -> None:
    """End the processes of a pipeline; each finishes what it has begun.

    Example: [bold]anabranch stop pipelines/flights.yaml[/bold]
    """
    ended = end_processes(read_settings(home=home).home, read_pipeline(file).pipeline)
    typer.echo(json.dumps({"ended": ended}) if as_json else f"Ended {', '.join(ended) or 'nothing: none ran'}.")
