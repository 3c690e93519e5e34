"""Feature store in memory: the twin of the one in Redis, for tests and for users' tests."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock


class MemoryFeatureStore:
    """`FeatureStore`; safe to use from several threads. Never blocks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[bytes, bytes] = {}

    def write(self, keys: Sequence[bytes], values: Sequence[bytes]) -> int:
        """Store each value unless what is there is newer. Returns how many were written."""
        with self._lock:
            return sum(self._write(key, value) for key, value in zip(keys, values, strict=True))

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Fetch values, None where there is none."""
        with self._lock:
            return [self._values.get(key) for key in keys]

    def snapshot(self) -> dict[bytes, bytes]:
        """Everything held."""
        with self._lock:
            return dict(self._values)

    def _write(self, key: bytes, value: bytes) -> bool:
        held = self._values.get(key)
        if held is not None and held[8:12] == value[8:12] and held[:8] > value[:8]:
            return False
        self._values[key] = value
        return True
