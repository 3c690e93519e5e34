"""The job and all that it stands on: a store that can be away, models that the test sets, a clock that waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.metrics_memory import MemoryMetrics
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from services.predictor.job import PredictorJob
from services.predictor.serving_model import Serving
from services.predictor.window_reader import WindowReader
from tests.services.predictor.world import (
    NOON,
    FixedModels,
    answer_all,
    model,
    requests,
)

DIGEST = bytes(range(32))


class Store(MemoryFeatureStore):
    """Counts its reads, and fails while `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.away = 0, False

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self.reads += 1
        if self.away:
            raise DependencyError("Redis is away.")
        return super().read(keys)


class World:
    """A job with all that it stands on; time passes only while it waits."""

    def __init__(self, known: Contracts, seed: int | None = 0) -> None:
        self.contracts, self.store, self.metrics = known, Store(), MemoryMetrics("predictor")
        self.models = FixedModels(None if seed is None else Serving(7, DIGEST, model(known.layout, seed)))
        self.now = 0.0
        self.while_waiting: Callable[[], None] = lambda: None
        windows = WindowReader(known.pipeline, known.layout, self.store, lambda: self.now, self._pause)
        self.job = PredictorJob(known, windows, self.models, self.metrics, lambda: self.now)

    def _pause(self, seconds: float) -> bool:
        self.now += seconds * 1000
        self.while_waiting()
        return False

    def answers(self, values: Sequence[bytes | None], **options: Any) -> list[dict[str, Any]]:
        return answer_all(self.job, self.contracts, values, **options)[0]

    def ask(self, count: int = 3, time: float = NOON, **given: Any) -> list[dict[str, Any]]:
        return self.answers(requests(self.contracts, [f"r{i}" for i in range(count)], time, **given))
