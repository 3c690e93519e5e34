"""A clock that runs at a rate that can be changed: a replay follows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """Calls give seconds; `rate` of them pass in a second of the clock beneath. For several threads."""

    def __init__(self, rate: float, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._rate = rate
        self._at_s, self._looked_s = 0.0, steady_s()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Look at the clock."""
        with self._lock:
            return self._moved_on()

    def change(self, rate: float) -> None:
        """Go on at another rate."""
        with self._lock:
            self._moved_on()
            self._rate = rate

    def _moved_on(self) -> float:
        now_s = self._steady_s()
        self._at_s += (now_s - self._looked_s) * self._rate
        self._looked_s = now_s
        return self._at_s
