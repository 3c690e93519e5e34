"""Streams that ask what a learner keeps: concepts that do not contradict each other, and some that do and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.learning.streams import DATA, Stream, real_stream

ROWS, HELD_OUT = 20_000, 2_000


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of one concept.

    Attributes
    ----------
    concept : str
        Phases of one name are of one concept.
    learned, held_out : Stream
        What comes by, and rows of the same concept that never do.
    """

    concept: str
    learned: Stream
    held_out: Stream


@dataclass(frozen=True, slots=True)
class Scenario:
    """Phases in their order; `compatible` where one set of weights could satisfy all concepts."""

    name: str
    compatible: bool
    phases: tuple[Phase, ...]

    @property
    def first(self) -> Stream:
        """What is learned first."""
        return self.phases[0].learned

    @property
    def rows(self) -> int:
        """Of all phases."""
        return sum(len(phase.learned) for phase in self.phases)


def agrawal_disjoint(rows: int, seed: int) -> Scenario:
    """Function 0 for cars up to 10, then function 2 for the others: other inputs, so that nothing contradicts."""
    from river.datasets import synth

    def concept(name: str, function: int, low: bool, seed: int) -> Phase:
        drawn = iter(synth.Agrawal(function, seed=seed))
        return _phase(name, (pair for pair in drawn if (pair[0]["car"] <= 10) == low), rows)

    return Scenario("agrawal_disjoint", True, (concept("A", 0, True, seed), concept("B", 2, False, seed + 1)))


def sea_and_back(rows: int, seed: int) -> Scenario:
    """Threshold 7, then 9.5, then 7: the same inputs, other answers."""
    from river.datasets import synth

    variants = (("A", 2), ("B", 3), ("A", 2))
    phases = (
        _phase(name, iter(synth.SEA(variant, seed=seed + number)), rows)
        for number, (name, variant) in enumerate(variants)
    )
    return Scenario("sea_and_back", False, tuple(phases))


def insects_thirds(data: Path = DATA, rows: int | None = None) -> Scenario:
    """The first third and the last, of which each fifth row is held out.

    Raises
    ------
    FileNotFoundError
        The stream is not there.
    """
    whole = real_stream("insects", data).first(rows)
    third = len(whole) // 3
    phases = (_apart("A", whole, slice(0, third)), _apart("B", whole, slice(2 * third, None)))
    return Scenario("insects_thirds", True, phases)


def _phase(name: str, pairs: Iterator[tuple[dict[Any, float], Any]], rows: int) -> Phase:
    taken = [next(pairs) for _ in range(rows + HELD_OUT)]
    x_TF = np.array([list(x.values()) for x, _ in taken], np.float32)
    whole = Stream(name, x_TF, np.array([float(y) for _, y in taken]), 2)
    return Phase(name, whole.first(rows), Stream(name, x_TF[rows:], whole.y_T[rows:], 2))


def _apart(name: str, whole: Stream, rows: slice) -> Phase:
    x_TF, y_T = whole.x_TF[rows], whole.y_T[rows]
    out_T = np.arange(len(y_T)) % 5 == 4
    parts = (Stream(name, x_TF[chosen], y_T[chosen], whole.classes) for chosen in (~out_T, out_T))
    return Phase(name, *parts)


SCENARIOS: Final[dict[str, Callable[[int | None, int, Path], Scenario]]] = {
    "agrawal_disjoint": lambda rows, seed, data: agrawal_disjoint(rows or ROWS, seed),
    "sea_and_back": lambda rows, seed, data: sea_and_back(rows or ROWS, seed),
    "insects_thirds": lambda rows, seed, data: insects_thirds(data, rows),
}
"""Each from rows of a phase (None: all), a seed and the folder of the real streams."""
