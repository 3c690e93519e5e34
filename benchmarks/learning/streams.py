"""The streams, as arrays: real ones from ``shared/data`` beside the project, others from River's generators.

Those real ones are not part of the project. Who does not have them measures the flights, which come with a package of
the project's (`benchmarks.learning.flights`), and the generated ones.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64, Target

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
REAL: Final = {
    "elec2": "elec2.csv.gz",
    "insects": "insects_gradual_balanced.csv.gz",
    "noaa": "noaa_weather.csv.gz",
}
MEASURED: Final = (*REAL, "flights")
"""All real streams, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Stream:
    """T labelled vectors in their order; suffixes: T rows, F columns.

    Attributes
    ----------
    x_TF : float32
    y_T : float64
        Class indices from 0.
    classes : int
    categories : Mapping of int to int
        Columns that are codes, not numbers, with their number of codes. Only learners that ask heed it.
    """

    name: str
    x_TF: Float32
    y_T: Float64
    classes: int
    categories: Mapping[int, int] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """Binary or multiclass."""
        return "binary" if self.classes == 2 else "multiclass"

    @property
    def outputs(self) -> int:
        """Width of an answer: the probability of 1, or one for each class."""
        return 1 if self.classes == 2 else self.classes

    def __len__(self) -> int:
        return len(self.y_T)

    def first(self, rows: int | None) -> Stream:
        """Its beginning; None: all of it."""
        return self.at(slice(rows))

    def at(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Stream:
        """Some of its rows."""
        return replace(self, x_TF=self.x_TF[rows], y_T=self.y_T[rows])


def real_stream(name: str, data: Path = DATA) -> Stream:
    """Read one of `REAL`.

    Raises
    ------
    FileNotFoundError
        It is not there; says where it was looked for.
    """
    file = data / REAL[name]
    if not file.exists():
        raise FileNotFoundError(f"{name} is not measured: {file} is not there. Name its folder with --data.")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = np.loadtxt(lines, delimiter=",", skiprows=1)
    # The labels are the classes' numbers; some sets number them from 1.
    classes, y_T = np.unique(rows[:, -1], return_inverse=True)
    return Stream(name, rows[:, :-1].astype(np.float32), y_T.astype(np.float64), len(classes))
