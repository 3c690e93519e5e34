"""Metrics kept in memory: what tests read, and what `adapters.metrics_prometheus` shows to the world."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.metrics import Kind, MetricSpec, metrics_of

Series = tuple[str, ...]
"""Label values, in the order of the metric's labels."""


@dataclass(slots=True)
class Histogram:
    """Values counted by bucket; the last bucket has no upper bound."""

    counts: NDArray[np.int64]
    total: float = 0.0


class MemoryMetrics:
    """Implements `adapters.ports.Metrics` for one process. Threads may share it.

    A whole array is put into a histogram by one binary search, which a client that takes value by value cannot do.

    Examples
    --------
    >>> metrics = MemoryMetrics("predictor")
    >>> metrics.count("rows_total", 3, role="requests")
    >>> metrics.value("rows_total", role="requests")
    3.0
    >>> metrics.count("rows_totl")
    Traceback (most recent call last):
    KeyError: 'rows_totl'
    """

    def __init__(self, process: str) -> None:
        self.process = process
        self.specs = metrics_of(process)
        self._lock = threading.Lock()
        self._values: dict[str, dict[Series, float]] = {}
        self._histograms: dict[str, dict[Series, Histogram]] = {}

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        series = self._series(name, "counter", labels)
        with self._lock:
            held = self._values.setdefault(name, {})
            held[series] = held.get(series, 0.0) + value

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        series = self._series(name, "gauge", labels)
        with self._lock:
            self._values.setdefault(name, {})[series] = float(value)

    def observe(self, name: str, value: float | NDArray[np.floating], **labels: str) -> None:
        """Put one value, or each value of an array, into a histogram."""
        series = self._series(name, "histogram", labels)
        buckets = self.specs[name].buckets
        values = np.atleast_1d(np.asarray(value, np.float64))
        counts = np.bincount(np.searchsorted(buckets, values), minlength=len(buckets) + 1)
        with self._lock:
            held = self._histograms.setdefault(name, {})
            histogram = held.setdefault(series, Histogram(np.zeros(len(buckets) + 1, np.int64)))
            histogram.counts += counts
            histogram.total += float(values.sum())

    def value(self, name: str, **labels: str) -> float:
        """Return a counter or gauge; 0 if it was never touched."""
        series = self._series(name, self.specs[name].kind, labels)
        with self._lock:
            return self._values.get(name, {}).get(series, 0.0)

    def values(self, name: str) -> dict[Series, float]:
        """Return all series of a counter or gauge."""
        with self._lock:
            return dict(self._values.get(name, {}))

    def histograms(self, name: str) -> dict[Series, Histogram]:
        """Return copies of all series of a histogram."""
        with self._lock:
            held = self._histograms.get(name, {})
            return {series: Histogram(h.counts.copy(), h.total) for series, h in held.items()}

    def _series(self, name: str, kind: Kind, labels: dict[str, str]) -> Series:
        spec: MetricSpec = self.specs[name]
        if spec.kind != kind or labels.keys() != set(spec.labels):
            raise KeyError(f"{name} is a {spec.kind} with labels {spec.labels}, not a {kind} with {tuple(labels)}")
        return tuple(labels[label] for label in spec.labels)
