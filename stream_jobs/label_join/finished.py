"""Request ids that are done with, remembered for a while, to tell a late label from an orphan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

JOINED, TIMED_OUT, NO_PREDICTION = 0, 1, 2
_ROW_BITS = 32


@dataclass(frozen=True, slots=True)
class Ending:
    """How one request ended; `label` is NaN unless it was joined."""

    outcome: int
    label: float


@dataclass(frozen=True, slots=True)
class Block:
    """The ids that one batch finished, N rows; each is known until the labels' watermark is at `until_N`."""

    number: int
    id_N: NDArray[np.bytes_]
    until_N: NDArray[np.float64]
    outcome_N: NDArray[np.uint8]
    label_N: NDArray[np.float64]


class FinishedRequests:
    """Blocks of finished ids, found by id. A whole block is forgotten once none of its ids is to be known."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._blocks: dict[int, Block] = {}
        self._ends: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, block: Block) -> None:
        """Remember a block; its number is new."""
        self._blocks[block.number] = block
        first = block.number << _ROW_BITS
        self._places.update(zip(block.id_N.tolist(), range(first, first + len(block.id_N)), strict=True))
        heappush(self._ends, (float(block.until_N.max()), block.number))

    def get(self, id_: bytes, watermark: float) -> Ending | None:
        """How a request ended; None if that is not known, or forgotten as of this watermark of the labels."""
        place = self._places.get(id_)
        if place is None:
            return None
        block, row = self._blocks[place >> _ROW_BITS], place & ((1 << _ROW_BITS) - 1)
        if block.until_N[row] <= watermark:
            return None
        return Ending(int(block.outcome_N[row]), float(block.label_N[row]))

    def forget(self, watermark: float) -> list[int]:
        """Let go of blocks; returns their numbers."""
        numbers: list[int] = []
        while self._ends and self._ends[0][0] <= watermark:
            number = heappop(self._ends)[1]
            self._drop(self._blocks.pop(number).id_N.tolist(), number)
            numbers.append(number)
        return numbers

    def _drop(self, ids: Sequence[bytes], number: int) -> None:
        for id_ in ids:
            if self._places.get(id_, -1) >> _ROW_BITS == number:
                del self._places[id_]
