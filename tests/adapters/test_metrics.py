from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from adapters.metrics_memory import MemoryMetrics
from adapters.metrics_prometheus import registry_of
from schemas.metrics import PROCESSES, exported_name, metrics_of


@pytest.mark.parametrize("process", PROCESSES)
def test_the_registry_shows_exactly_the_metrics_of_the_process(process: str) -> None:
    shown = {family.name for family in registry_of(MemoryMetrics(process), bool).collect()}
    assert shown == {exported_name(process, name).removesuffix("_total") for name in metrics_of(process)}


def test_a_wrong_name_kind_or_label_is_an_error() -> None:
    metrics = MemoryMetrics("predictor")
    calls: tuple[Callable[[], None], ...] = (
        lambda: metrics.count("rows_totl"),
        lambda: metrics.gauge("batches_total", 1.0),
        lambda: metrics.count("rows_total"),
        lambda: metrics.count("batches_total", 1.0, role="requests"),
    )
    for wrong in calls:
        with pytest.raises(KeyError):
            wrong()


@given(st.lists(st.floats(0, 100), min_size=1))
def test_a_histogram_counts_values_at_or_below_each_bound(values: list[float]) -> None:
    metrics = MemoryMetrics("predictor")
    metrics.observe("process_seconds", np.array(values))
    name = exported_name("predictor", "process_seconds")
    families = text_string_to_metric_families(generate_latest(registry_of(metrics, bool)).decode())
    samples = [s for family in families for s in family.samples if s.name == f"{name}_bucket"]
    assert samples
    for sample in samples:
        assert sample.value == sum(value <= float(sample.labels["le"]) for value in values)
