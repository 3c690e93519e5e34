"""Running a whole loop in a test."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from adapters.local_stack import StackAddresses
from schemas.contracts import Contracts
from schemas.pipeline_file import parse_pipeline
from schemas.source import SourceEvent
from services.cli.session import Session
from services.replay.outside import Tally
from services.watch.view import View
from tests.system.outcome import Outcome, read_outcome
from tests.system.streams import ROOT

PROCESSES = ("feature_windows", "label_join", "predictor", "learner")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: what went in, and what came out."""

    contracts: Contracts
    outcome: Outcome
    tally: Tally
    view: View
    bootstrap: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run. `disturb` is called with the session and the answers so far, some times a second."""

    processes: tuple[str, ...] = PROCESSES
    speed: float = math.inf
    disturb: Callable[[Session, int], None] = lambda _session, _answers: None


def flights_text(name: str, partitions: int = 1) -> str:
    """The flights pipeline under another name; versions come often enough for a short run, and all are published."""
    data = yaml.safe_load((ROOT / "pipelines" / "flights.yaml").read_text())
    data["pipeline"], data["topics"] = name, {"partitions": partitions}
    data["learner"] |= {"cadence": 256, "checkpoint": 256, "score_window": 500, "baselines": {}}
    data["gate"] = {"policy": "finite"}
    data["replay"]["max_model_lag"] = "1h"
    return yaml.safe_dump(data, sort_keys=False)


def run_loop(
    stack: StackAddresses, folder: Path, text: str, events: Iterable[SourceEvent], plan: Plan | None = None
) -> Run:
    """Run a pipeline over events on the real stack until everything is dealt with, and read what it left."""
    plan = plan or Plan()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pipeline.yaml"
    file.write_text(text)
    pipeline = parse_pipeline(text, str(file))
    with Session(file, pipeline, folder / "home", stack, plan.processes) as session:
        session.run(events, lambda view: plan.disturb(session, view.answers), plan.speed)
        view = session.watcher.view()
        assert session.replay is not None
        outcome = read_outcome(session.contracts, stack.bootstrap)
        return Run(session.contracts, outcome, session.replay.tally, view, stack.bootstrap)
