"""A run of a pipeline under a schedule of disturbances."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from adapters.local_stack import StackAddresses, StackOptions
from schemas.pipeline_file import parse_pipeline
from services.cli.session import Session
from services.watch.view import View
from tests.system.chaos.ordeals import Ordeal, Recovered, Scene, ordeal
from tests.system.chaos.pace import Pace
from tests.system.chaos.pulse import Pulse
from tests.system.chaos.schedule import PROCESSES, Disturbance
from tests.system.outcome import read_outcome
from tests.system.running import Run
from tests.system.streams import GENERATED, generated

TARGET = "multiclass"
PERIOD_S = 2.0
"""Event time between two requests of the stream."""
REQUESTS_PER_S, RUSH = 60.0, 1e6
BACKLOG, CREEP = 90, 1 / 60
"""Requests that follow a disturbance before the stream slows down, so that it is not over before the schedule, however
slow the machine: work enough for a sign of life of whoever comes back."""
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Servers of the trial's own, for they are killed."""

    home: Path
    options: StackOptions
    addresses: StackAddresses


@dataclass(frozen=True, slots=True)
class Suffered:
    """A disturbance, how many answers there were when it began, and how the loop got over it.

    `overlapped`: something else happened meanwhile, so the time says little.
    """

    disturbance: Disturbance
    begun_at: int
    overlapped: bool
    recovered: Recovered


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished run, what befell it, and which processes ended by themselves and were started again."""

    run: Run
    suffered: tuple[Suffered, ...]
    restarted: tuple[str, ...]


def text(name: str) -> str:
    """A pipeline whose learner writes versions and checkpoints every second or so."""
    data = yaml.safe_load(
        GENERATED.format(name=name, partitions=2, target="{type: multiclass, classes: 3}", model="tabular_resnet")
    )
    data["learner"] |= {"cadence": 64, "checkpoint": 64, "replay": {"kind": "reservoir", "size": 4000, "mix": 16}}
    return yaml.safe_dump(data, sort_keys=False)


Tell = Callable[[Suffered], None]


class Tormentor:
    """Begins what is due, as long as there is time, and keeps the rest going."""

    def __init__(
        self, scene: Scene, plan: Sequence[Disturbance], pace: Pace, tell: Tell, most_s: float = math.inf
    ) -> None:
        self._until_s = time.monotonic() + most_s
        self._scene, self._plan, self._pace, self._tell = scene, list(plan), pace, tell
        self._going: list[_Going] = []
        self.suffered: list[Suffered] = []

    @property
    def is_done(self) -> bool:
        """Whether everything has happened and been got over."""
        return not self._plan and not self._going

    def look(self, view: View) -> None:
        """Begin, continue and end disturbances; to be called often."""
        self._scene.pulse.check()
        if time.monotonic() > self._until_s:
            self._plan.clear()
        for going in list(self._going):
            self._continue(going)
        while self._plan and self._may_begin(self._plan[0], view.answers):
            due = self._plan.pop(0)
            self._going.append(_Going(due, view.answers, self._pace(), ordeal(self._scene, due)))
            for going in self._going:
                going.overlapped |= len(self._going) > 1
            self._continue(self._going[-1])
        self._pace.change(self._rate(self._pace()))

    def _rate(self, paced_s: float) -> float:
        if self.is_done:
            return RUSH
        newest_s = max((going.paced_s for going in self._going), default=paced_s)
        return 1.0 if paced_s - newest_s < BACKLOG / REQUESTS_PER_S else CREEP

    def _may_begin(self, due: Disturbance, answers: int) -> bool:
        busy = {going.disturbance.target for going in self._going}
        is_free = not busy & ({due.target} if not due.alone else busy)
        return answers >= due.at and is_free and self._scene.runs(due.target)

    def _continue(self, going: _Going) -> None:
        try:
            next(going.ordeal)
        except StopIteration as ended:
            self._going.remove(going)
            suffered = Suffered(going.disturbance, going.begun_at, going.overlapped, ended.value)
            self.suffered.append(suffered)
            self._tell(suffered)


@dataclass(slots=True, eq=False)
class _Going:
    disturbance: Disturbance
    begun_at: int
    paced_s: float
    ordeal: Ordeal
    overlapped: bool = False


def run_trial(
    ground: Ground,
    folder: Path,
    name: str,
    rows: int,
    plan: Sequence[Disturbance],
    tell: Tell = lambda _: None,
    most_s: float = math.inf,
) -> Trial:
    """Run the generated pipeline over `rows` requests while the plan happens to it; without one, undisturbed.

    What has not begun after `most_s` does not happen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pipeline.yaml"
    file.write_text(text(name))
    pipeline = parse_pipeline(file.read_text(), str(file))
    pace = Pace(1.0 if plan else RUSH)
    with (
        Session(file, pipeline, folder / "home", ground.addresses, PROCESSES, restarts=True) as session,
        Pulse(session.contracts, ground.addresses) as pulse,
    ):
        tormentor = Tormentor(Scene(session, pulse, ground.home, ground.options), plan, pace, tell, most_s)
        stream = generated(rows, TARGET)
        session.run(stream, tormentor.look, REQUESTS_PER_S * PERIOD_S, pace, PATIENCE_S)
        _finish(tormentor, session)
        assert session.replay is not None
        outcome = read_outcome(session.contracts, ground.addresses.bootstrap)
        run = Run(session.contracts, outcome, session.replay.tally, session.watcher.view(), ground.addresses.bootstrap)
        return Trial(run, tuple(tormentor.suffered), tuple(session.supervisor.restarted))


def _finish(tormentor: Tormentor, session: Session) -> None:
    """The stream is over, but a zombie may still have to leave."""
    deadline = time.monotonic() + PATIENCE_S
    while not tormentor.is_done:
        assert time.monotonic() < deadline, "the stream was over before the plan"
        session.supervisor.check()
        tormentor.look(session.watcher.view())
        time.sleep(0.05)
