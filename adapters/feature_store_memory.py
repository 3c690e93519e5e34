"""Feature store in memory: the twin of the one in Redis, for tests and for users' tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock

from adapters.ports import Standing
from schemas.feature_format import life_of


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
        self._run = 0

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

    def stand(self, key: bytes, mark: bytes) -> Standing:
        """Join the life of the store; where no watermark of these windows is, begin one by the token in `mark`."""
        with self._lock:
            held = self._values.get(key, b"")
            if len(held) != len(mark) or held[8:12] != mark[8:12]:
                held = self._values[key] = bytes(8) + life_of(mark)
            return Standing(held, str(self._run).encode())

    def advance(self, key: bytes, standing: Standing, mark: bytes, after_ms: int = 0) -> bool:
        """Move a watermark on to `mark`; False if what was written since `standing` may have been lost."""
        with self._lock:
            held = self._values.get(key, b"")
            same = standing.run == str(self._run).encode() and life_of(held) == life_of(mark)
            if not same or int.from_bytes(held[:8], "big") < after_ms:
                return False
            self._values[key] = max(held, mark)
            return True

    def lose(self) -> None:
        """Lose all values, as by FLUSHALL."""
        with self._lock:
            self._values, self._ends_s = {}, {}

    def restart(self, held: dict[bytes, bytes]) -> None:
        """Start anew with what an older `snapshot` held, as after a crash."""
        with self._lock:
            self._run += 1
            self._values, self._ends_s = dict(held), {}

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
