"""The last values read from the feature store, held for when it is away: bounded, and cheap to keep up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_OVERHEAD_BYTES = 256
_TOGETHER = 4096
"""Keys that are taken in at once: one by one, between batches, each would have to be fetched into the caches anew."""


def capacity(budget_bytes: int, value_bytes: int) -> int:
    """How many values of a size fit in a budget, their keys and Python's own needs counted.

    Examples
    --------
    >>> capacity(1 << 20, 768)
    1024
    """
    return max(2, budget_bytes // (value_bytes + _OVERHEAD_BYTES))


class LastKnown:
    """Holds the values of at least the `limit` / 2 keys used last, and never more than `limit`, plus some batches.

    Two generations: when the young one is full it becomes the old one, which is forgotten. That is least recently
    used to within a factor of two, at the price of one bulk update for some batches instead of a step for each key.

    Examples
    --------
    >>> held = LastKnown(limit=4)
    >>> held.keep([b"a", b"b"], [b"1", None])
    >>> held.recall([b"b", b"a", b"c"])
    ([None, b'1', None], array([ True,  True, False]))
    """

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[bytes, bytes | None] = {}
        self._old: dict[bytes, bytes | None] = {}
        self._new: list[tuple[Sequence[bytes], Sequence[bytes | None]]] = []
        self._new_keys = 0

    def __len__(self) -> int:
        self._take_in()
        return len(self._young.keys() | self._old.keys())

    def keep(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Remember what was read."""
        self._new.append((keys, values))
        self._new_keys += len(keys)
        if self._new_keys >= _TOGETHER:
            self._take_in()

    def recall(self, keys: Sequence[bytes]) -> tuple[list[bytes | None], NDArray[np.bool_]]:
        """Return the last value of each key, and whether it is known at all."""
        self._take_in()
        known = np.array([k in self._young or k in self._old for k in keys], np.bool_)
        return [self._young[k] if k in self._young else self._old.get(k) for k in keys], known

    def _take_in(self) -> None:
        new, self._new, self._new_keys = self._new, [], 0
        for keys, values in new:
            self._young.update(zip(keys, values, strict=True))
            if len(self._young) > self._half:
                self._old, self._young = self._young, {}
