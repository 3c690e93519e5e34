"""Which requests have a time that can be believed, by the clock of their partition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.event_clock import SourceClock, advance


class RequestClocks:
    """The clock of each partition since this process took it over. Not part of any state: it starts anew with it.

    Parameters
    ----------
    max_jump : int
        How far ahead of its partition a request may be, ms.

    Examples
    --------
    >>> clocks = RequestClocks(max_jump=100)
    >>> clocks.believe(np.array([0, 1, 0]), np.array([5.0, 9000.0, 106.0]))
    array([ True,  True, False])
    """

    def __init__(self, max_jump: int) -> None:
        self._max_jump = max_jump
        self._clocks: dict[int, SourceClock] = {}

    def believe(self, partition_B: NDArray[np.integer], time_B: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Take requests in order, shape (B,) each; says which are not far ahead of those before them."""
        believed_B = np.zeros(len(time_B), np.bool_)
        for partition in np.unique(partition_B).tolist():
            rows = np.flatnonzero(partition_B == partition)
            clock, promised_N = self._clocks.get(partition, SourceClock()), np.zeros(len(rows), np.bool_)
            self._clocks[partition], believed_B[rows] = advance(clock, time_B[rows], promised_N, self._max_jump)
        return believed_B

    def forget(self, partition: int) -> None:
        """Start anew."""
        self._clocks.pop(partition, None)
