"""Streams that ask what a learner keeps: concepts that do not contradict each other, and some that do and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.streams import DATA, Stream, real_stream

ROWS, HELD_OUT, RETURN = 20_000, 2_000, 192
AGRAWAL_CODES: Final = {3: 8, 4: 32, 5: 16}
"""Level of education, make of car and zip code."""
NO_CODES: Final[Mapping[int, int]] = {}


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
    """Phases in their order; `compatible` where one set of weights could satisfy all concepts.

    `reach` is a share of right answers on the second concept: how many rows it takes to get there is measured.
    """

    name: str
    compatible: bool
    phases: tuple[Phase, ...]
    reach: float = 0.9

    @property
    def first(self) -> Stream:
        """What is learned first."""
        return self.phases[0].learned

    @property
    def rows(self) -> int:
        """Of all phases."""
        return sum(len(phase.learned) for phase in self.phases)


def and_back(scenario: Scenario, rows: int = RETURN) -> Scenario:
    """The first concept comes once more, by rows that were held out; what is left of them goes on judging."""
    first = scenario.phases[0]
    back = replace(first, learned=first.held_out.first(rows), held_out=first.held_out.at(slice(rows, None)))
    return replace(scenario, phases=(*scenario.phases, back))


def agrawal_disjoint(rows: int, seed: int) -> Scenario:
    """Function 0 for cars up to 10, then function 2 for the others: other inputs, so that nothing contradicts."""
    from river.datasets import synth

    def concept(name: str, function: int, low: bool, seed: int) -> Phase:
        drawn = iter(synth.Agrawal(function, seed=seed))
        return _phase(name, (pair for pair in drawn if (pair[0]["car"] <= 10) == low), rows, AGRAWAL_CODES)

    phases = (concept("A", 0, True, seed), concept("B", 2, False, seed + 1))
    return and_back(Scenario("agrawal_disjoint", True, phases, 0.9))


def sea_and_back(rows: int, seed: int) -> Scenario:
    """Threshold 7, then 9.5, then 7: the same inputs, other answers."""
    from river.datasets import synth

    variants = (("A", 2), ("B", 3), ("A", 2))
    phases = (
        _phase(name, iter(synth.SEA(variant, seed=seed + number)), rows)
        for number, (name, variant) in enumerate(variants)
    )
    return Scenario("sea_and_back", False, tuple(phases), 0.97)


def insects_thirds(data: Path = DATA, rows: int | None = None, seed: int = 1) -> Scenario:
    """The first third and the last, each as one concept: in random order, each fifth row held out.

    In their own order labels come in runs, and a learner's last answers would be those of the last run.

    Raises
    ------
    FileNotFoundError
        The stream is not there.
    """
    whole = real_stream("insects", data).first(rows)
    third = len(whole) // 3
    random = np.random.default_rng(seed)
    places = (random.permutation(third), 2 * third + random.permutation(len(whole) - 2 * third))
    phases = tuple(_apart(name, whole, at) for name, at in zip("AB", places, strict=True))
    return and_back(Scenario("insects_thirds", True, phases, 0.55))


def _phase(
    name: str, pairs: Iterator[tuple[dict[Any, float], Any]], rows: int, codes: Mapping[int, int] = NO_CODES
) -> Phase:
    taken = [next(pairs) for _ in range(rows + HELD_OUT)]
    x_TF = np.array([list(x.values()) for x, _ in taken], np.float32)
    whole = Stream(name, x_TF, np.array([float(y) for _, y in taken]), 2, codes)
    return Phase(name, whole.first(rows), whole.at(slice(rows, None)))


def _apart(name: str, whole: Stream, rows: NDArray[np.int64]) -> Phase:
    out_T = np.arange(len(rows)) % 5 == 4
    return Phase(name, whole.at(rows[~out_T]), whole.at(rows[out_T]))


SCENARIOS: Final[dict[str, Callable[[int | None, int, Path], Scenario]]] = {
    "agrawal_disjoint": lambda rows, seed, data: agrawal_disjoint(rows or ROWS, seed),
    "sea_and_back": lambda rows, seed, data: sea_and_back(rows or ROWS, seed),
    "insects_thirds": lambda rows, seed, data: insects_thirds(data, rows, seed),
}
"""Each from rows of a phase (None: all), a seed and the folder of the real streams."""
