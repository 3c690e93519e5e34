"""How long a batch waits for the watermark: less each time it was in vain, until the watermark moves again."""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_MS = 1.0


@dataclass(slots=True)
class Patience:
    """Bounds the waiting for one stand of the watermark to twice `wait_ms` in all, however many batches come.

    So a windows process that is down, or one request with a time far ahead, cannot hold up the traffic.

    Examples
    --------
    >>> patience = Patience(wait_ms=200)
    >>> patience.left(watermark=5.0)
    200
    >>> patience.in_vain()
    >>> patience.left(watermark=5.0), patience.left(watermark=6.0)
    (100.0, 200)
    """

    wait_ms: float
    _left_ms: float = 0.0
    _seen: float | None = None

    def left(self, watermark: float) -> float:
        """Milliseconds that a batch may wait, given where the watermark stands (-inf: nowhere yet)."""
        if self._seen is None or watermark > self._seen:
            self._left_ms, self._seen = self.wait_ms, watermark
        return self._left_ms if self._left_ms >= _LEAST_MS else 0.0

    def in_vain(self) -> None:
        """Note that a batch has waited for all it was given."""
        self._left_ms /= 2
