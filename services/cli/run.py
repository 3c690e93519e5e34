"""``anabranch run``: one process of a pipeline, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import typer

from adapters import local_stack
from adapters.context import Context
from adapters.process import frozen_setup, running
from adapters.topics_admin import apply_topics
from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings

ProcessName = Literal["feature_windows", "label_join", "drift_watch", "predictor", "learner", "baselines"]
MODULES: dict[ProcessName, str] = {
    "feature_windows": "stream_jobs.feature_windows.job",
    "label_join": "stream_jobs.label_join.job",
    "drift_watch": "stream_jobs.drift_watch.job",
    "predictor": "services.predictor.main",
    "learner": "services.learner.main",
    "baselines": "services.baselines.main",
}
"""Where each process' ``run(context)`` is; imported when it is wanted, since torch and Faust take seconds."""


def run(
    process: Annotated[ProcessName, typer.Argument(help="Which process.", show_default=False)],
    pipeline: Annotated[Path, typer.Option(help="Pipeline file.", show_default=False)],
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka, host:port[,host:port]; default: the local one.")] = None,
    redis: Annotated[str | None, typer.Option(help="Redis URL; default: the local one.")] = None,
    ordinal: Annotated[int | None, typer.Option(help="Which replica this is: each its own number.")] = None,
    http_port: Annotated[int | None, typer.Option(help="Port of /livez, /readyz, /metrics; 0: a free one.")] = None,
) -> None:
    """Run one process of a pipeline until SIGTERM or Ctrl-C.

    Example: [bold]anabranch run predictor --pipeline pipelines/flights.yaml[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis, ordinal=ordinal, http_port=http_port)
    contracts = read_contracts(pipeline, settings.registry)
    addresses = local_stack.find_stack(settings.home, settings.bootstrap, settings.redis)
    check_topics(contracts.pipeline, addresses.bootstrap)
    with running(process, contracts, settings, addresses) as context:
        entry = entry_of(process)
        with frozen_setup():
            entry(context)


def entry_of(process: ProcessName) -> Callable[[Context], None]:
    """Import a process and return its ``run``."""
    entry: Callable[[Context], None] = import_module(MODULES[process]).run
    return entry


def check_topics(pipeline: Pipeline, bootstrap: str) -> None:
    """Look whether the broker has the topics that the pipeline needs, with the right numbers of partitions.

    Raises
    ------
    ConfigurationError
        Some are missing or of another size.
    """
    wrong = [str(c) for c in apply_topics(pipeline, bootstrap, dry_run=True) if c.kind != "configure"]
    if wrong:
        raise ConfigurationError(
            f"Topics are not as the pipeline needs them: {'; '.join(wrong)}.",
            "Run `anabranch topics apply` with the same pipeline file.",
        )
