"""Replay memory: a uniform sample of everything learned so far, in bounded space."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64, Snapshot
from schemas.errors import DataError

Int64 = NDArray[np.int64]


class Memory(Protocol):
    """Examples of the past, in bounded space."""

    def __len__(self) -> int:
        """Examples held."""
        ...

    def add(self, x_BF: Float32, y_B: Float64) -> None:
        """Offer examples, in their order."""
        ...

    def sample(self, rows: int) -> tuple[Float32, Float64]:
        """Draw examples, with replacement: float32 (rows, F) and float64 (rows,); none if there is none to draw."""
        ...

    def turn_to(self, concept: int, contradicted: Collection[int]) -> None:
        """Know that what follows belongs to a concept, and that the examples of others are not to be drawn."""
        ...

    def snapshot(self) -> Snapshot:
        """What is held, and the random state."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from, or raise `DataError` if it does not fit."""
        ...


def places(seen: int, rows: int, size: int, random: np.random.Generator) -> Int64:
    """Where algorithm R puts each of the next rows of a stream; `size` or more: nowhere.

    Examples
    --------
    >>> places(0, 3, 2, np.random.default_rng(0))[:2].tolist()
    [0, 1]
    """
    number_B = seen + np.arange(rows)
    return np.where(number_B < size, number_B, random.integers(0, number_B + 1))


class Reservoir:
    """Keeps each of the n examples seen so far with equal probability size / n.

    Parameters
    ----------
    size : int
        Examples held at most.
    width : int
        F.
    seed : int

    References
    ----------
    Vitter 1985: Random sampling with a reservoir (algorithm R).

    Examples
    --------
    >>> memory = Reservoir(size=2, width=1, seed=0)
    >>> memory.add(np.zeros((5, 1), np.float32), np.arange(5.0))
    >>> len(memory), memory.seen
    (2, 5)
    """

    def __init__(self, size: int, width: int, seed: int) -> None:
        self.seen = 0
        self._x_MF = np.zeros((size, width), np.float32)
        self._y_M = np.zeros(size, np.float64)
        self._random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return min(self.seen, len(self._y_M))

    def add(self, x_BF: Float32, y_B: Float64) -> None:
        """Offer examples, in their order."""
        place_B = places(self.seen, len(y_B), len(self._y_M), self._random)
        taken = np.flatnonzero(place_B < len(self._y_M))
        # Where two rows of a batch get one place, the later stays: what algorithm R does one by one.
        self._x_MF[place_B[taken]], self._y_M[place_B[taken]] = x_BF[taken], y_B[taken]
        self.seen += len(y_B)

    def sample(self, rows: int) -> tuple[Float32, Float64]:
        """Draw examples, with replacement: float32 (rows, F) and float64 (rows,); none while the memory is empty."""
        place_R = self._random.integers(0, len(self), rows if len(self) else 0)
        return self._x_MF[place_R], self._y_M[place_R]

    def turn_to(self, concept: int, contradicted: Collection[int]) -> None:
        """Do nothing: a uniform sample knows no concepts."""

    def snapshot(self) -> Snapshot:
        """What is held, in its places, and the random state."""
        held: dict[str, NDArray[Any]] = {"x": self._x_MF[: len(self)].copy(), "y": self._y_M[: len(self)].copy()}
        return Snapshot(held, {"seen": self.seen, "random": dict(self._random.bit_generator.state)})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It held another number of examples or columns.
        """
        x_MF, y_M, seen = snapshot.tensors["x"], snapshot.tensors["y"], int(snapshot.manifest["seen"])
        held = min(seen, len(self._y_M))
        if x_MF.shape != (held, self._x_MF.shape[1]) or y_M.shape != (held,):
            raise DataError(
                f"The replay memory saved has the shape {x_MF.shape}, not {(held, self._x_MF.shape[1])}.",
                "The pipeline file has changed since: start the learner anew, or take the old file back.",
            )
        self._x_MF[:held], self._y_M[:held], self.seen = x_MF, y_M, seen
        self._random.bit_generator.state = snapshot.manifest["random"]
