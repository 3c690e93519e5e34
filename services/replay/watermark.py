"""How far the feature store has come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from adapters.ports import FeatureStore
from schemas.errors import DependencyError
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.layout import layout_of
from schemas.pipeline import Pipeline
from schemas.redis_keys import watermark_key


class Watermark:
    """Calls give the end of the last pane closed by all owners, in ms; -inf if there is none yet.

    A pipeline without windows has nothing to wait for: inf. A call blocks for one round trip. While the store is away,
    the watermark stands where it was last seen.

    Parameters
    ----------
    patience_s : float
        How long the store may be away.
    steady_s : callable
        Clock.

    Raises
    ------
    DependencyError
        From a call: the store has been away for longer.
    """

    def __init__(
        self,
        store: FeatureStore,
        pipeline: Pipeline,
        patience_s: float = 0.0,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._fingerprint = windows_fingerprint(pipeline, layout_of(pipeline))
        partitions = pipeline.topics.partitions if pipeline.windows.groups else 0
        self._keys = [watermark_key(pipeline.pipeline, p) for p in range(partitions)]
        self._patience_s, self._steady_s = patience_s, steady_s
        self._seen, self._seen_s = -math.inf, steady_s()

    def __call__(self) -> float:
        """Read it."""
        if not self._keys:
            return math.inf
        try:
            values = self._store.read(self._keys)
        except DependencyError:
            if self._steady_s() - self._seen_s > self._patience_s:
                raise
            return self._seen
        self._seen = float(min(unpack_watermark(value, self._fingerprint) for value in values))
        self._seen_s = self._steady_s()
        return self._seen
