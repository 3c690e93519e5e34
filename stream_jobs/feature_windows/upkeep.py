"""Keeps one partition's values whole in a feature store that may lose its data at any moment.

A watermark is a promise that all values up to it are there. It belongs to one life of the store, which a random token
names: when the store has lost its data the token is gone, nobody can move the watermark on any more, and all values are
written again, under a new token, before there is a watermark anew. Until then readers find none, and say so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from adapters.ports import FeatureStore, Standing
from schemas.feature_format import TOKEN_BYTES, life_of, pack_header, pack_watermark
from stream_jobs.feature_windows.partition import Partition
from stream_jobs.feature_windows.written import Cursor, Written

RETIRED_MS = 3_600_000
"""How long the store remembers that an entity was let go of: longer than any process can live that was fenced by then.
Until it is forgotten, what such a process still writes is older, and gives way."""

Draw = Callable[[], bytes]


def random_token() -> bytes:
    """Name a new life of a store."""
    return secrets.token_bytes(TOKEN_BYTES)


class Upkeep:
    """One partition and the store.

    Parameters
    ----------
    key : bytes
        Of the partition's watermark.
    pane : int
        ms.
    fingerprint : int
        `windows_fingerprint`.
    draw : callable
        Draws a token of eight random bytes.
    """

    def __init__(
        self,
        state: Partition,
        store: FeatureStore,
        key: bytes,
        pane: int,
        fingerprint: int,
        draw: Draw = random_token,
    ) -> None:
        self.state, self.key = state, key
        self._store, self._pane, self._fingerprint, self._draw = store, pane, fingerprint, draw
        self.losses = 0
        """How often values were found missing."""
        self._standing: Standing | None = None
        self._cursor: Cursor | None = None

    @property
    def whole(self) -> bool:
        """Whether all values were in the store when it was last heard of."""
        return self._standing is not None and self._cursor is None

    @property
    def is_mending(self) -> bool:
        """Whether `mend` has begun and is not done."""
        return self._standing is not None and self._cursor is not None

    def stand(self) -> None:
        """Hear from the store, if that has not been done: only what is written after that counts."""
        if self._standing is None:
            mark = pack_watermark(self._closed_ms, self._fingerprint, self._draw())
            self._standing = self._store.stand(self.key, mark)
            behind = self._time_ms(self._standing.mark) < self._closed_ms
            self._cursor = Cursor() if behind else None
            self.losses += behind

    def write(self, written: Written, after: int) -> None:
        """Write what a batch changed, having closed panes after `after`. The watermark comes after the values.

        Entities are let go of last: as of the watermark before they may still have said something.

        `stand` comes before the panes are closed: a store that stands at `after` is whole when this is written.
        """
        if written.store_keys:
            self._store.write(written.store_keys, written.store_values)
        if self.whole and self.state.closed > after:
            self._advance(after * self._pane)
        if written.retired_keys:
            header = pack_header(self._closed_ms, self._fingerprint)
            self._store.write(written.retired_keys, [header] * len(written.retired_keys), RETIRED_MS)

    def mend(self, most: int) -> int:
        """Write the next values again if some are missing, at most so many of one kind; returns how many."""
        self.stand()
        if self._cursor is None:
            return 0
        packed, self._cursor = self.state.all_values(self._cursor, most)
        if packed.keys:
            self._store.write(packed.keys, packed.values)
        if self._cursor is None:
            self._advance(0)
        return len(packed.keys)

    def renew(self) -> None:
        """Let `mend` write all values again, whatever the store says."""
        self.stand()
        self._cursor = Cursor()

    def look(self, held: bytes | None) -> None:
        """Compare with the watermark that stands there now: all is done again if it lives another life or went back."""
        if self._standing is None:
            return
        same = held is not None and life_of(held) == life_of(self._standing.mark)
        if not same or (self.whole and self._time_ms(held or b"") < self._closed_ms):
            self._standing = None

    def _advance(self, after_ms: int) -> None:
        assert self._standing is not None
        token = self._standing.mark[-TOKEN_BYTES:]
        mark = pack_watermark(self._closed_ms, self._fingerprint, token)
        if not self._store.advance(self.key, self._standing, mark, after_ms):
            self._standing = None

    @property
    def _closed_ms(self) -> int:
        return self.state.closed * self._pane

    @staticmethod
    def _time_ms(mark: bytes) -> int:
        return int.from_bytes(mark[:8], "big")
