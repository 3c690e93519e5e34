"""Feature store in Redis: packed values, written in pipelines, read in one command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import cast

import redis

from adapters.ports import Standing
from adapters.redis_client import redis_errors

_PIPELINE_BYTES = 4 << 20
_PIPELINE_KEYS = 2048
_CALL_KEYS = 64
"""Keys of one call of the script: many save time here, few keep readers waiting for some tenths of a ms only."""


class RedisFeatureStore:
    """`FeatureStore`; safe to use from several threads. Each method blocks for its round trips.

    Parameters
    ----------
    client : redis.Redis
        From `adapters.redis_client.connect`.

    Notes
    -----
    Every method may raise `DependencyError`: Redis is away or refuses. The script takes any number of keys: one server
    is sent many at once; on a cluster those of one call would have to lie in one slot.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._script = _text("write")
        self._sha: str | None = None
        self._stand, self._advance = client.register_script(_text("stand")), client.register_script(_text("advance"))

    def write(self, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int = 0) -> int:
        """Store each value, for `keep_ms` or for ever, unless what is there is newer. Returns how many were written."""
        with redis_errors(self._client, "writing features"):
            return sum(self._write(keys[a:b], values[a:b], keep_ms) for a, b in _cuts(values))

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Fetch values in one round trip, None where there is none."""
        if not keys:
            return []
        with redis_errors(self._client, "reading features"):
            return cast("list[bytes | None]", self._client.mget(keys))

    def stand(self, key: bytes, mark: bytes) -> Standing:
        """Join the life of the store; where no watermark of these windows is, begin one by the token in `mark`."""
        with redis_errors(self._client, "asking how far the features have come"):
            held, run = cast("list[bytes]", self._stand([key], [mark]))
            return Standing(held, run)

    def advance(self, key: bytes, standing: Standing, mark: bytes, after_ms: int = 0) -> bool:
        """Move a watermark on to `mark`; False if what was written since `standing` may have been lost."""
        with redis_errors(self._client, "writing how far the features have come"):
            return bool(self._advance([key], [mark, standing.run, after_ms]))

    def _write(self, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int) -> int:
        try:
            return self._send(self._sha or self._load(), keys, values, keep_ms)
        except redis.exceptions.NoScriptError:  # Redis was started anew
            return self._send(self._load(), keys, values, keep_ms)

    def _load(self) -> str:
        self._sha = self._client.script_load(self._script)
        return self._sha

    def _send(self, sha: str, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int) -> int:
        with self._client.pipeline(transaction=False) as steps:
            for a in range(0, len(keys), _CALL_KEYS):
                some = keys[a : a + _CALL_KEYS]
                steps.evalsha(sha, len(some), *some, keep_ms, *values[a : a + _CALL_KEYS])
            return sum(cast("list[int]", steps.execute()))


def _text(name: str) -> str:
    return files("adapters").joinpath(f"feature_store_{name}.lua").read_text("utf-8")


def _cuts(values: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Cut a batch into pipelines of bounded size, so that neither side buffers without bound."""
    start = size = 0
    for i, value in enumerate(values):
        if i > start and (size + len(value) > _PIPELINE_BYTES or i - start >= _PIPELINE_KEYS):
            yield start, i
            start, size = i, 0
        size += len(value)
    if start < len(values):
        yield start, len(values)
