"""The least watermark over the source partitions."""

from __future__ import annotations

import numpy as np


class SourceWatermarks:
    """How far each source partition has come.

    A partition that was never heard of holds everything back, until it says that it is idle. Idle ones hold
    nothing back; when all are idle, the furthest counts, for nothing more is awaited.

    Examples
    --------
    >>> marks = SourceWatermarks()
    >>> marks.update(0, 2, 500.0, False)
    >>> marks.least()
    -inf
    >>> marks.update(1, 2, 300.0, False)
    >>> marks.least()
    300.0
    >>> marks.update(1, 2, 300.0, True)
    >>> marks.least()
    500.0
    """

    def __init__(self) -> None:
        self.by_source: dict[int, tuple[float, bool]] = {}
        self.sources = 0

    def update(self, source: int, sources: int, watermark: float, idle: bool) -> None:
        """Hear from a partition; its watermark never falls."""
        before = self.by_source.get(source, (-np.inf, False))[0]
        self.by_source[source] = (max(before, watermark), idle)
        self.sources = sources

    def least(self) -> float:
        """Event time in ms that all have reached."""
        if len(self.by_source) < self.sources or not self.by_source:
            return -np.inf
        busy = [mark for mark, idle in self.by_source.values() if not idle]
        return min(busy) if busy else max(mark for mark, _ in self.by_source.values())
