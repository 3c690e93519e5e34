"""The last values read from the feature store, held for when it is away: bounded, and cheap to keep up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_OVERHEAD_BYTES = 256


def capacity(budget_bytes: int, value_bytes: int) -> int:
    """How many values of a size fit in a budget, their keys and Python's own needs counted.

    Examples
    --------
    >>> capacity(1 << 20, 768)
    1024
    """
    return max(2, budget_bytes // (value_bytes + _OVERHEAD_BYTES))


class LastKnown:
    """Holds the values of at least the `limit` / 2 keys used last, and never more than `limit`, plus one batch.

    Two generations: when the young one is full it becomes the old one, which is forgotten. That is least recently
    used to within a factor of two, at the price of one bulk update a batch instead of a step for each key.

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

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def keep(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Remember what was read."""
        self._young.update(zip(keys, values, strict=True))
        if len(self._young) > self._half:
            self._old, self._young = self._young, {}

    def recall(self, keys: Sequence[bytes]) -> tuple[list[bytes | None], NDArray[np.bool_]]:
        """Return the last value of each key, and whether it is known at all."""
        known = np.array([k in self._young or k in self._old for k in keys], np.bool_)
        return [self._young[k] if k in self._young else self._old.get(k) for k in keys], known
