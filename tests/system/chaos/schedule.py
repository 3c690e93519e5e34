"""What is done to a running loop, and when: a pure function of a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice
from random import Random
from typing import Literal, get_args

Process = Literal["feature_windows", "label_join", "predictor", "learner", "drift_watch"]
Server = Literal["kafka", "redis"]
Target = Process | Server
Kind = Literal["kill", "freeze", "succeed", "twins", "full_disk"]

PROCESSES: tuple[Process, ...] = get_args(Process)
SERVERS: tuple[Server, ...] = get_args(Server)
KILLS: tuple[tuple[Kind, Target], ...] = tuple(("kill", target) for target in (*PROCESSES, *SERVERS))
"""kill -9, and started again at once."""

OTHERS: tuple[tuple[Kind, Target], ...] = (
    *(("freeze", process) for process in PROCESSES),
    # A learner that stands still still holds its folder: no second one can begin there.
    *(("succeed", process) for process in PROCESSES if process != "learner"),
    *(("twins", process) for process in PROCESSES),
    ("full_disk", "learner"),
)
"""freeze: stopped for longer than the session lasts, then let go on. succeed: the same, but a successor has begun
meanwhile. twins: two copies begin at once. full_disk: no checkpoint can be written."""

FIRST, FIRST_MOST, LAST = 0.2, 480, 0.9
"""Share of the answers, and most answers, before the first thing happens, for there is no model yet; and share before
the last, for somebody must recover."""
ALONE = 0.75


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that is done.

    Parameters
    ----------
    at : int
        Answers counted before it is due.
    kind : {"kill", "freeze", "succeed", "twins", "full_disk"}
        See `KILLS` and `OTHERS`.
    target : str
        Whom it befalls.
    alone : bool
        It waits until everything before it has recovered, so that its own recovery can be timed.
    """

    at: int
    kind: Kind
    target: Target
    alone: bool

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.kind} {self.target}"


def schedule(seed: int, kills: int, others: int, answers: int) -> tuple[Disturbance, ...]:
    """Draw disturbances over a run of so many answers: every kill comes as often as every other, and so do the others.

    Examples
    --------
    >>> drawn = schedule(seed=7, kills=14, others=3, answers=1000)
    >>> len(drawn), drawn == schedule(7, 14, 3, 1000), drawn == schedule(8, 14, 3, 1000)
    (17, True, False)
    >>> sum(d.name == "kill kafka" for d in drawn), sorted(drawn, key=lambda d: d.at) == list(drawn)
    (2, True)
    """
    random = Random(seed)
    drawn = [*_drawn(random, KILLS, kills), *_drawn(random, OTHERS, others)]
    random.shuffle(drawn)
    points = sorted(random.sample(range(min(int(FIRST * answers), FIRST_MOST), int(LAST * answers)), len(drawn)))
    return tuple(
        Disturbance(at, kind, target, random.random() < ALONE) for at, (kind, target) in zip(points, drawn, strict=True)
    )


def answers_needed(plan: Sequence[Disturbance], each: int = 150) -> int:
    """Requests that a run needs in order that the last disturbance still has some to recover by.

    However slow the machine: a disturbance may wait for everything before it, and each lasts at most `each` requests.

    Examples
    --------
    >>> answers_needed([Disturbance(500, "kill", "redis", True), Disturbance(520, "kill", "learner", True)], each=100)
    700
    """
    over = 0
    for disturbance in plan:
        over = max(disturbance.at, over) + each
    return over


def _drawn(random: Random, kinds: tuple[tuple[Kind, Target], ...], count: int) -> list[tuple[Kind, Target]]:
    """So many of the kinds, each as often as the next, beginning anywhere."""

    def shuffled() -> Iterator[tuple[Kind, Target]]:
        return iter(random.sample(kinds, len(kinds)))

    return list(islice(chain.from_iterable(shuffled() for _ in cycle((0,))), count))
