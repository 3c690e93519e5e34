"""Replay memory: a uniform sample of everything learned so far, in bounded space."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64, Json, Snapshot
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


def places(seen: int, rows: int, size: int, random: np.random.Generator, held: int | None = None) -> Int64:
    """Where algorithm R puts each of the next rows of a stream; `size` or more: nowhere.

    `held` places are taken, by default as many as rows were `seen` or there are; free ones are filled first.

    Examples
    --------
    >>> places(0, 3, 2, np.random.default_rng(0))[:2].tolist()
    [0, 1]
    >>> places(90, 2, 10, np.random.default_rng(0), held=8).tolist()
    [8, 9]
    """
    number_B = np.arange(rows)
    free_B = number_B + (min(seen, size) if held is None else held)
    return np.where(free_B < size, free_B, random.integers(0, seen + number_B + 1))


class Reservoir:
    """Keeps each of the n examples seen so far with equal probability size / n.

    Examples of concepts that the present contradicts are let go. What was seen then counts as less by the same share,
    and the next examples fill the room that there is.

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
        self.seen = self._held = 0
        self._x_MF = np.zeros((size, width), np.float32)
        self._y_M = np.zeros(size, np.float64)
        self._concept_M = np.zeros(size, np.int64)
        self._concept = 0
        self._random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self._held

    def add(self, x_BF: Float32, y_B: Float64) -> None:
        """Offer examples, in their order."""
        place_B = places(self.seen, len(y_B), len(self._y_M), self._random, self._held)
        taken = np.flatnonzero(place_B < len(self._y_M))
        # Where two rows of a batch get one place, the later stays: what algorithm R does one by one.
        self._x_MF[place_B[taken]], self._y_M[place_B[taken]] = x_BF[taken], y_B[taken]
        self._concept_M[place_B[taken]] = self._concept
        self.seen += len(y_B)
        self._held = min(self._held + len(y_B), len(self._y_M))

    def sample(self, rows: int) -> tuple[Float32, Float64]:
        """Draw examples, with replacement: float32 (rows, F) and float64 (rows,); none while the memory is empty."""
        place_R = self._random.integers(0, len(self), rows if len(self) else 0)
        return self._x_MF[place_R], self._y_M[place_R]

    def turn_to(self, concept: int, contradicted: Collection[int]) -> None:
        """Put what follows under `concept`, and let go of what was put under `contradicted` ones."""
        held_M = self._concept_M[: len(self)]
        # What came before any regime was told apart belongs to the first.
        held_M[held_M == 0] = concept
        self._concept = concept
        kept = np.flatnonzero(~np.isin(held_M, list(contradicted)))
        if len(kept) == len(held_M):
            return
        for whole_M in (self._x_MF, self._y_M, self._concept_M):
            whole_M[: len(kept)] = whole_M[kept]
        self.seen = round(self.seen * len(kept) / len(held_M))
        self._held = len(kept)

    def snapshot(self) -> Snapshot:
        """What is held, in its places, and the random state."""
        held: dict[str, NDArray[Any]] = {"x": self._x_MF[: len(self)].copy(), "y": self._y_M[: len(self)].copy()}
        manifest: Json = {"seen": self.seen, "random": dict(self._random.bit_generator.state)}
        if self._concept:
            held["concept"], manifest["concept"] = self._concept_M[: len(self)].copy(), self._concept
        return Snapshot(held, manifest)

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It held another number of examples or columns.
        """
        x_MF, y_M, seen = snapshot.tensors["x"], snapshot.tensors["y"], int(snapshot.manifest["seen"])
        held = min(len(y_M) if "concept" in snapshot.manifest else seen, len(self._y_M))
        if x_MF.shape != (held, self._x_MF.shape[1]) or y_M.shape != (held,):
            raise DataError(
                f"The replay memory saved has the shape {x_MF.shape}, not {(held, self._x_MF.shape[1])}.",
                "The pipeline file has changed since: start the learner anew, or take the old file back.",
            )
        self._x_MF[:held], self._y_M[:held], self.seen, self._held = x_MF, y_M, seen, held
        # One saved before regimes were told apart has no such thing.
        self._concept = int(snapshot.manifest.get("concept", 0))
        self._concept_M[:held] = snapshot.tensors.get("concept", 0)
        self._random.bit_generator.state = snapshot.manifest["random"]
