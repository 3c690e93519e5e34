"""Reads the windows of a batch in one round trip: patient with the watermark, steady when Redis is away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.ports import FeatureStore
from schemas.errors import DependencyError
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.feature_read import FeatureQuery, KindQuery, WindowVectors, feature_query, window_vectors
from schemas.layout import Layout
from schemas.pipeline import Pipeline
from services.predictor.breaker import Breaker
from services.predictor.core import Windows
from services.predictor.last_known import LastKnown, capacity
from services.predictor.patience import Patience

BUDGET_BYTES = 128 << 20
POLL_S = 0.002
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 100.0, 2000.0

Steady = Callable[[], float]
"""A clock that only rises, ms."""
Pause = Callable[[float], bool]
"""Sleeps for so many seconds; true if the process is to stop."""


class WindowReader:
    """Not for several threads.

    Parameters
    ----------
    store : FeatureStore
        With short time-outs: each attempt, while it is away, holds up one batch for so long.
    clock : callable
        Steady, ms.
    pause : callable
        Sleeps; such as ``stop.wait``.
    """

    def __init__(self, pipeline: Pipeline, layout: Layout, store: FeatureStore, clock: Steady, pause: Pause) -> None:
        self._pipeline, self._layout, self._store = pipeline, layout, store
        self._clock, self._pause = clock, pause
        self._fingerprint = windows_fingerprint(pipeline, layout)
        self._breaker = Breaker(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
        self._patience = Patience(pipeline.windows.wait)
        self._last_known = LastKnown(capacity(BUDGET_BYTES, _value_bytes(pipeline, layout)))

    def read(self, columns: Mapping[str, NDArray[Any]]) -> Windows:
        """Read the windows of a batch of decoded requests. Blocks for a round trip, at most for ``windows.wait``."""
        query = feature_query(self._pipeline, self._layout, columns, self._fingerprint)
        if not query.keys:
            return Windows(window_vectors(query, ()), away=False)
        read = self._fetch(query)
        if read is None or read.watermark == -np.inf:
            known = self._recall(query)
            if read is None or known.watermark > -np.inf:  # it is away, or it has lost what it had
                return Windows(known, away=True)
        hopeful_B = self._hopeful(query, read)
        if hopeful_B.any():
            read = self._wait(query, read, hopeful_B)
        return Windows(self._recall(query), away=True) if read is None else Windows(read, away=False)

    def _wait(self, query: FeatureQuery, read: WindowVectors, hopeful_B: NDArray[np.bool_]) -> WindowVectors | None:
        """Poll the watermark until it has come to the latest time worth waiting for; then read all again."""
        deadline = self._clock() + self._patience.left(read.watermark)
        marks, wanted = query.keys[: query.partitions], query.time_B[hopeful_B].max()
        while self._clock() < deadline and not self._pause(POLL_S):
            values = self._ask(marks)
            if values is None:
                return None
            if min(unpack_watermark(v, query.fingerprint) for v in values) >= wanted:
                return self._fetch(query)
        self._patience.in_vain()
        return self._fetch(query)

    def _hopeful(self, query: FeatureQuery, read: WindowVectors) -> NDArray[np.bool_]:
        """Which rows are worth waiting for: the watermark makes no jump, so not those with a time far ahead."""
        near_B = query.time_B <= read.watermark + self._pipeline.windows.max_jump
        return read.stale_B & (near_B | (read.watermark == -np.inf))

    def _fetch(self, query: FeatureQuery) -> WindowVectors | None:
        values = self._ask(query.keys)
        if values is None:
            return None
        read = window_vectors(query, values)
        if read.watermark > -np.inf:  # without a watermark nothing is known, and what was known before is better
            self._last_known.keep(query.keys, values)
        return read

    def _ask(self, keys: Sequence[bytes]) -> list[bytes | None] | None:
        if not self._breaker.allows(self._clock()):
            return None
        try:
            values = self._store.read(keys)
        except DependencyError:
            self._breaker.failed(self._clock())
            return None
        self._breaker.worked()
        return values

    def _recall(self, query: FeatureQuery) -> WindowVectors:
        values, known = self._last_known.recall(query.keys)
        kinds = tuple(_only_known(kind, known) for kind in query.kinds)
        return window_vectors(replace(query, kinds=kinds), values)


def _only_known(kind: KindQuery, known: NDArray[np.bool_]) -> KindQuery:
    """An entity that was never read is not one without events: its columns are missing."""
    held = np.append(known[kind.first : kind.first + kind.count], False)
    return replace(kind, row_B=np.where(held[kind.row_B], kind.row_B, -1))


def _value_bytes(pipeline: Pipeline, layout: Layout) -> int:
    columns = max((len(k.columns) for k in layout.kinds), default=0)
    return 16 + pipeline.windows.snapshots * (8 + 4 * columns)
