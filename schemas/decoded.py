"""What decoding yields: every row of the input stands in exactly one part, or is one fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]
"""A column for each Avro field; ARCHITECTURE.md says which dtype stands for which type."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of the input that were of one record, decoded; `row_N` are their places in the input, rising."""

    name: str
    row_N: NDArray[np.int64]
    columns: Columns

    def rows(self, pick_N: NDArray[Any]) -> Part:
        """Take those of its rows that a mask or places pick."""
        return Part(self.name, self.row_N[pick_N], {name: column[pick_N] for name, column in self.columns.items()})


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be used: `reason` is a member of ``schemas.dead_letters.REASONS``, `detail` is for a person."""

    row: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded batch; `faults` by rising row.

    `refused` shows again those rows among the faults whose bytes were in order and only their values were not, so
    that whoever owes an answer can still read the id.
    """

    parts: tuple[Part, ...]
    faults: tuple[Fault, ...]
    refused: tuple[Part, ...] = ()

    def part(self, name: str) -> Part | None:
        """Rows of this record; None if there are none."""
        return next((p for p in self.parts if p.name == name), None)
