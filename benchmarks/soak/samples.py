"""Samples of a soak, and what is judged of them. Pure but for `Sampler`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import redis

from adapters.kafka_facts import KafkaInquiry
from benchmarks.resident import MIB, resident

BAND = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: seconds since the start, MiB, keys, rows."""

    at_s: float
    memory_mib: Mapping[str, float]
    redis_mib: float
    redis_keys: int
    topics_mib: Mapping[str, float]
    lag: Mapping[str, int]
    latency_ms: tuple[float, float, int]
    """p50, p99 and number of the answers since the last look."""


class Sampler:
    """Looks at processes, Redis, the broker's folder and the groups. Each look blocks for some tens of ms."""

    def __init__(self, pipeline: str, bootstrap: str, redis_url: str, data: Path, pids: Mapping[str, int]) -> None:
        self._pipeline, self._data, self._pids = pipeline, data, pids
        self._inquiry = KafkaInquiry(bootstrap)
        self._redis: Any = redis.Redis.from_url(redis_url)

    def look(self, at_s: float, latencies_ms: np.ndarray) -> Sample:
        found = np.percentile(latencies_ms, [50, 99]).tolist() if len(latencies_ms) else [float("nan")] * 2
        return Sample(
            at_s,
            resident(self._pids),
            self._redis.info("memory")["used_memory"] / MIB,
            int(self._redis.dbsize()),
            topic_sizes_mib(self._data, self._pipeline),
            self._lag(),
            (found[0], found[1], len(latencies_ms)),
        )

    def _lag(self) -> dict[str, int]:
        # The learner's place stands in its checkpoint; Faust's group commits when it likes.
        watched = [f"{self._pipeline}.{p}" for p in ("predictor", "label_join", "feature_windows")]
        groups = [g for g in self._inquiry.groups(f"{self._pipeline}.") if any(g.name.startswith(w) for w in watched)]
        ends = self._inquiry.ends({place for group in groups for place in group.positions})
        return {g.name: sum(max(0, ends.get(p, 0) - at) for p, at in g.positions.items()) for g in groups}


def topic_sizes_mib(data: Path, pipeline: str) -> dict[str, float]:
    """Size of each topic's segments in a broker's folder, MiB, without their preallocated indexes."""
    found: dict[str, float] = {}
    for folder in data.glob(f"{pipeline}.*-*"):
        role = folder.name.split(".")[1]
        found[role] = found.get(role, 0.0) + sum(_size(f) for f in folder.glob("*.log")) / MIB
    return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def after(samples: Sequence[Sample], warm_up_s: float) -> list[Sample]:
    """Samples once it was warm."""
    return [sample for sample in samples if sample.at_s >= warm_up_s]


def steadiness(at_s: Sequence[float], values: Sequence[float]) -> dict[str, float]:
    """How far a course strays from its median, and where it tends.

    Examples
    --------
    >>> steadiness([0.0, 1800.0, 3600.0], [100.0, 101.0, 102.0])
    {'median': 101.0, 'least': 100.0, 'most': 102.0, 'strays': 0.0099, 'trend_per_hour': 0.0198}
    """
    middle = float(np.median(values))
    slope = float(np.polyfit(np.asarray(at_s) / 3600, values, 1)[0]) if len(values) > 1 else 0.0
    strays = max(max(values) - middle, middle - min(values)) / middle if middle else 0.0
    rounded = {"median": middle, "least": min(values), "most": max(values)}
    shares = {"strays": round(strays, 4), "trend_per_hour": round(slope / middle, 4) if middle else 0.0}
    return {name: round(value, 1) for name, value in rounded.items()} | shares


def by_minute(samples: Sequence[Sample]) -> list[dict[str, float]]:
    """Median of the p50s and greatest p99 of each minute."""
    minutes: dict[int, list[Sample]] = {}
    for sample in samples:
        if sample.latency_ms[2]:
            minutes.setdefault(int(sample.at_s // 60), []).append(sample)
    return [
        {
            "minute": minute,
            "answers": sum(s.latency_ms[2] for s in found),
            "p50_ms": round(float(np.median([s.latency_ms[0] for s in found])), 1),
            "p99_ms": round(max(s.latency_ms[1] for s in found), 1),
        }
        for minute, found in sorted(minutes.items())
    ]
