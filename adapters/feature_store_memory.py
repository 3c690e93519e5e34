"""Feature store in memory: the twin of the one in Redis, for tests and for users' tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock


class MemoryFeatureStore:
    """`FeatureStore`; safe to use from several threads. Never blocks.

    Parameters
    ----------
    clock : callable
        Seconds, steady: for values that go by themselves.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._values: dict[bytes, bytes] = {}
        self._ends_s: dict[bytes, float] = {}

    def write(self, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int = 0) -> int:
        """Store each value, for `keep_ms` or for ever, unless what is there is newer. Returns how many were written."""
        with self._lock:
            self._expire()
            return sum(self._write(key, value, keep_ms) for key, value in zip(keys, values, strict=True))

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Fetch values, None where there is none."""
        with self._lock:
            self._expire()
            return [self._values.get(key) for key in keys]

    def snapshot(self) -> dict[bytes, bytes]:
        """Everything held."""
        with self._lock:
            self._expire()
            return dict(self._values)

    def _write(self, key: bytes, value: bytes, keep_ms: int) -> bool:
        held = self._values.get(key)
        if held is not None and held[8:12] == value[8:12] and held[:8] > value[:8]:
            return False
        self._values[key] = value
        self._ends_s.pop(key, None)
        if keep_ms:
            self._ends_s[key] = self._clock() + keep_ms / 1000
        return True

    def _expire(self) -> None:
        if not self._ends_s:
            return
        now_s = self._clock()
        for key in [key for key, end_s in self._ends_s.items() if end_s <= now_s]:
            del self._values[key], self._ends_s[key]
