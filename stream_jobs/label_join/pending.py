"""Answers that wait for a label: a column store with a slot for each, so that whole batches move in one copy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

_FIRST_CAPACITY = 1024


class PendingAnswers:
    """Slots of NumPy records, found by request id. Grows by doubling; slots are used again.

    Parameters
    ----------
    dtype : numpy dtype
        Of an answer, from `answer_dtype`.
    """

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._slots: dict[bytes, int] = {}
        self._answers = np.zeros(_FIRST_CAPACITY, dtype)
        self._deadlines = np.full(_FIRST_CAPACITY, np.inf)
        self._ids: list[bytes] = [b""] * _FIRST_CAPACITY
        self._free = list(range(_FIRST_CAPACITY))
        self._earliest = np.inf

    def __contains__(self, id_: object) -> bool:
        return id_ in self._slots

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, ids: Sequence[bytes], answer_A: NDArray[np.void], deadline_A: NDArray[np.float64]) -> None:
        """Hold answers, none of whose ids is held."""
        if not ids:
            return
        while len(self._free) < len(ids):
            self._grow()
        slots = self._free[-len(ids) :]
        del self._free[-len(ids) :]
        self._answers[slots] = answer_A
        self._deadlines[slots] = deadline_A
        for slot, id_ in zip(slots, ids, strict=True):
            self._ids[slot] = id_
        self._slots.update(zip(ids, slots, strict=True))
        self._earliest = min(self._earliest, float(deadline_A.min()))

    def slots_of(self, ids: Sequence[bytes]) -> NDArray[np.intp]:
        """Find slots; −1 for an id that is not held."""
        return np.fromiter(map(self._slots.get, ids, repeat(-1)), np.intp, len(ids))

    def answers(self, slot_N: NDArray[np.intp]) -> NDArray[np.void]:
        """Copy answers."""
        return self._answers[slot_N]

    def request_times(self, slot_N: NDArray[np.intp]) -> NDArray[np.float64]:
        """When they were requested, in ms."""
        return np.asarray(self._answers["request_time"][slot_N])

    def deadlines(self, slot_N: NDArray[np.intp]) -> NDArray[np.float64]:
        """Until which watermark of the labels they wait."""
        return self._deadlines[slot_N]

    def ids(self, slot_N: NDArray[np.intp]) -> list[bytes]:
        """Request ids."""
        return [self._ids[slot] for slot in slot_N.tolist()]

    def hasten(self, slot: int, deadline: float) -> None:
        """Let one wait no longer than until `deadline`."""
        self._deadlines[slot] = min(self._deadlines[slot], deadline)
        self._earliest = min(self._earliest, deadline)

    def due(self, watermark: float) -> NDArray[np.intp]:
        """Slots that have waited long enough, by deadline, then offset."""
        if watermark < self._earliest:
            return np.empty(0, np.intp)
        slot_N = np.flatnonzero(self._deadlines <= watermark)
        self._earliest = float(self._deadlines.min(where=self._deadlines > watermark, initial=np.inf))
        return slot_N[np.lexsort((self._answers["offset"][slot_N], self._deadlines[slot_N]))]

    def remove(self, slot_N: NDArray[np.intp]) -> None:
        """Let answers go."""
        slots = slot_N.tolist()
        for slot in slots:
            del self._slots[self._ids[slot]]
        self._deadlines[slot_N] = np.inf
        self._free += slots

    def _grow(self) -> None:
        size = len(self._ids)
        self._answers = np.concatenate([self._answers, np.zeros(size, self._answers.dtype)])
        self._deadlines = np.concatenate([self._deadlines, np.full(size, np.inf)])
        self._ids += [b""] * size
        self._free += range(size, 2 * size)
