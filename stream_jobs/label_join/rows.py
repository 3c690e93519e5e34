"""What the join works on: answers and labels of one partition as columns, and a label held on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.records import Headers


def answer_dtype(outputs: int, width: int) -> np.dtype[np.void]:
    """What an example takes from its answer, as one NumPy record."""
    fields: list[Any] = [
        ("request_time", "f8"),
        ("offset", "i8"),
        ("version", "i8"),
        ("status", "u1"),
        ("digest", "V32"),
        ("output", "f4", (outputs,)),
        ("features", "f4", (width,)),
    ]
    return np.dtype(fields)


@dataclass(frozen=True, slots=True)
class Answers:
    """A answers in the order read; only those that are `predicted` can be joined. `wire` is what Kafka held."""

    ids: Sequence[bytes]
    answer_A: NDArray[np.void]
    predicted_A: NDArray[np.bool_]
    wire: Sequence[bytes]

    def rows(self, pick_N: NDArray[np.intp]) -> Answers:
        """Pick rows, in rising order."""
        if len(pick_N) == len(self.ids):
            return self
        rows = pick_N.tolist()
        return Answers(
            [self.ids[row] for row in rows],
            self.answer_A[pick_N],
            self.predicted_A[pick_N],
            [self.wire[row] for row in rows],
        )


@dataclass(frozen=True, slots=True)
class HeldLabel:
    """A label on its own, with all that a dead letter of it needs. `before` as in `Labels`."""

    id: bytes
    time: float
    value: float
    before: float
    offset: int
    labeller: bytes
    key: bytes | None
    wire: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Labels:
    """L labels by rising offset; `before_L` is the watermark of the labels just before each came."""

    id_L: NDArray[np.bytes_]
    time_L: NDArray[np.float64]
    value_L: NDArray[np.float64]
    before_L: NDArray[np.float64]
    offset_L: NDArray[np.int64]
    labeller_L: NDArray[np.bytes_]
    keys: Sequence[bytes | None]
    wire: Sequence[bytes]
    headers: Sequence[Headers]

    def row(self, row: int) -> HeldLabel:
        """One label on its own."""
        return HeldLabel(
            bytes(self.id_L[row]),
            float(self.time_L[row]),
            float(self.value_L[row]),
            float(self.before_L[row]),
            int(self.offset_L[row]),
            bytes(self.labeller_L[row]),
            self.keys[row],
            self.wire[row],
            self.headers[row],
        )


def labels_of(held: Sequence[HeldLabel]) -> Labels:
    """Lay held labels out as columns."""
    return Labels(
        np.array([h.id for h in held], np.bytes_),
        np.array([h.time for h in held], np.float64),
        np.array([h.value for h in held], np.float64),
        np.array([h.before for h in held], np.float64),
        np.array([h.offset for h in held], np.int64),
        np.array([h.labeller for h in held], np.bytes_),
        [h.key for h in held],
        [h.wire for h in held],
        [h.headers for h in held],
    )


def one_after_the_other(first: Labels, second: Labels) -> Labels:
    """Lay the rows of two after one another."""
    if not len(first.id_L):
        return second
    return Labels(
        np.concatenate([first.id_L, second.id_L]),
        np.concatenate([first.time_L, second.time_L]),
        np.concatenate([first.value_L, second.value_L]),
        np.concatenate([first.before_L, second.before_L]),
        np.concatenate([first.offset_L, second.offset_L]),
        np.concatenate([first.labeller_L, second.labeller_L]),
        [*first.keys, *second.keys],
        [*first.wire, *second.wire],
        [*first.headers, *second.headers],
    )
