"""Rows that wait until there are enough: what costs much for one row, and little for many, is done by blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = tuple[NDArray[Any], ...]


class Block:
    """Columns of rows that wait.

    Examples
    --------
    >>> block = Block()
    >>> block.add(np.zeros((2, 1)), np.ones(2))
    >>> block.add(np.zeros((1, 1)), np.ones(1))
    >>> block.rows, [column.shape for column in block.columns()]
    (3, [(3, 1), (3,)])
    """

    def __init__(self) -> None:
        self.rows = 0
        self._parts: list[Columns] = []

    def add(self, *columns: NDArray[Any]) -> None:
        """Let rows wait; the arrays must not be changed any more."""
        self._parts.append(columns)
        self.rows += len(columns[0])

    def columns(self) -> Columns:
        """All that wait, of which there must be some, in order; row by row in memory, for sums depend on that."""
        return tuple(np.ascontiguousarray(np.concatenate(parts)) for parts in zip(*self._parts, strict=True))

    def clear(self) -> None:
        """None waits any more."""
        self.rows, self._parts = 0, []
