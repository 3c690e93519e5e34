"""The watermark waits for a store that is away, but not for ever."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from adapters.feature_store_memory import MemoryFeatureStore
from schemas.errors import DependencyError
from schemas.pipeline_file import parse_pipeline
from services.replay.watermark import Watermark
from tests.system.streams import GENERATED


class _Store(MemoryFeatureStore):
    away = False

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        if self.away:
            raise DependencyError("away")
        return super().read(keys)


def test_it_stands_while_the_store_is_away_for_as_long_as_was_said() -> None:
    text = GENERATED.format(name="generated", partitions=2, target="{type: binary}", model="tabular_resnet")
    store, now = _Store(), [0.0]
    watermark = Watermark(store, parse_pipeline(text, "generated"), patience_s=60.0, steady_s=lambda: now[0])
    assert watermark() == -math.inf
    store.away = True
    now[0] = 60.0
    assert watermark() == -math.inf
    now[0] = 61.0
    with pytest.raises(DependencyError):
        watermark()
    store.away = False
    watermark()
    store.away = True
    now[0] = 121.0
    assert watermark() == -math.inf
