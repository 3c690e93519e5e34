"""How far the feature store has come."""

from __future__ import annotations

import math

from adapters.ports import FeatureStore
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.layout import layout_of
from schemas.pipeline import Pipeline
from schemas.redis_keys import watermark_key


class Watermark:
    """Calls give the end of the last pane closed by all owners, in ms; -inf if there is none yet.

    A pipeline without windows has nothing to wait for: inf. A call blocks for one round trip.
    """

    def __init__(self, store: FeatureStore, pipeline: Pipeline) -> None:
        self._store = store
        self._fingerprint = windows_fingerprint(pipeline, layout_of(pipeline))
        partitions = pipeline.topics.partitions if pipeline.windows.groups else 0
        self._keys = [watermark_key(pipeline.pipeline, p) for p in range(partitions)]

    def __call__(self) -> float:
        """Read it."""
        if not self._keys:
            return math.inf
        return float(min(unpack_watermark(value, self._fingerprint) for value in self._store.read(self._keys)))
