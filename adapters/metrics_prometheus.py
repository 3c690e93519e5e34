"""Metrics as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.metrics_memory import Histogram, MemoryMetrics
from schemas.metrics import MetricSpec, exported_name


def registry_of(metrics: MemoryMetrics, is_ready: Callable[[], bool]) -> CollectorRegistry:
    """Build a registry that shows every metric of the process, also those not touched yet.

    `is_ready` is asked whenever it is read: so ``ready_ratio`` always says what ``/readyz`` does.
    """
    registry = CollectorRegistry()
    registry.register(_Shown(metrics, is_ready))
    return registry


class _Shown(Collector):
    def __init__(self, metrics: MemoryMetrics, is_ready: Callable[[], bool]) -> None:
        self._metrics = metrics
        self._is_ready = is_ready

    def collect(self) -> Iterator[Metric]:
        self._metrics.gauge("ready_ratio", float(self._is_ready()))
        for spec in self._metrics.specs.values():
            yield self._family(spec)

    def _family(self, spec: MetricSpec) -> Metric:
        name = exported_name(self._metrics.process, spec.name)
        if spec.kind == "histogram":
            return self._histogram(name, spec)
        kind = CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily
        family: CounterMetricFamily | GaugeMetricFamily = kind(name, spec.help, labels=spec.labels)
        for series, value in self._metrics.values(spec.name).items():
            family.add_metric(series, value)
        return family

    def _histogram(self, name: str, spec: MetricSpec) -> Metric:
        family = HistogramMetricFamily(name, spec.help, labels=spec.labels)
        for series, histogram in self._metrics.histograms(spec.name).items():
            family.add_metric(series, cumulative(spec.buckets, histogram), histogram.total)
        return family


def cumulative(bounds: tuple[float, ...], histogram: Histogram) -> list[tuple[str, float]]:
    """Count of values at or below each bound, as Prometheus wants them.

    Examples
    --------
    >>> import numpy as np
    >>> cumulative((1.0, 5.0), Histogram(np.array([2, 0, 1])))
    [('1.0', 2.0), ('5.0', 2.0), ('+Inf', 3.0)]
    """
    sums = histogram.counts.cumsum().tolist()
    return [(bound, float(n)) for bound, n in zip([*map(str, bounds), "+Inf"], sums, strict=True)]
