"""A circuit breaker: what is away is asked again later and later, so that waiting for it stalls nobody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed at first. Each failure in a row doubles the pause before the next attempt.

    References
    ----------
    M. Nygard, Release It!, 2nd ed., 2018, "Circuit Breaker".

    Examples
    --------
    >>> breaker = Breaker(first_ms=100, longest_ms=2000)
    >>> breaker.failed(now_ms=0)
    >>> breaker.allows(99), breaker.allows(100)
    (False, True)
    >>> breaker.failed(now_ms=100)
    >>> breaker.allows(299), breaker.allows(300)
    (False, True)
    """

    first_ms: float
    longest_ms: float
    _pause_ms: float = 0.0
    _until_ms: float = float("-inf")

    @property
    def closed(self) -> bool:
        """Whether the last attempt succeeded."""
        return self._pause_ms == 0.0

    def allows(self, now_ms: float) -> bool:
        """Say whether an attempt may be made now."""
        return now_ms >= self._until_ms

    def failed(self, now_ms: float) -> None:
        """Note that an attempt failed."""
        self._pause_ms = min(self.longest_ms, max(self.first_ms, 2 * self._pause_ms))
        self._until_ms = now_ms + self._pause_ms

    def worked(self) -> None:
        """Note that an attempt succeeded."""
        self._pause_ms, self._until_ms = 0.0, float("-inf")
