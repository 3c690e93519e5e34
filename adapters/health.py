"""What a process says of itself: alive (its loop turns) and ready (caught up, fit to be relied on)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer to a probe, with its reason."""

    ok: bool
    why: str


class Health:
    """Written by the loop of a process, read by the threads that answer probes.

    Parameters
    ----------
    clock : callable
        Seconds, steady.
    silence : float
        Seconds without a beat after which the process counts as stuck.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, silence: float = 30.0) -> None:
        self._clock = clock
        self._silence = silence
        self._lock = threading.Lock()
        self._beat: float | None = None
        self._ready = Verdict(False, "starting")

    def beat(self) -> None:
        """Say that the loop has turned once more."""
        self._beat = self._clock()

    def ready(self, ready: bool, why: str = "") -> None:
        """Say whether the process is fit to be relied on, and why (not)."""
        with self._lock:
            self._ready = Verdict(ready, why or ("caught up" if ready else "not ready"))

    @property
    def readiness(self) -> Verdict:
        """Answer to ``/readyz``."""
        with self._lock:
            return self._ready

    @property
    def liveness(self) -> Verdict:
        """Answer to ``/livez``: not ok after a silence of the loop that is too long."""
        if self.silent_s > self._silence:
            return Verdict(False, f"the loop has not turned for {self.silent_s:.0f} s")
        return Verdict(True, "the loop turns")

    @property
    def silent_s(self) -> float:
        """Seconds since the last beat; 0 before the first."""
        return 0.0 if self._beat is None else self._clock() - self._beat
