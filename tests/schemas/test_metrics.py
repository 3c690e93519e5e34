from __future__ import annotations

import re
from collections import Counter

from schemas.metrics import METRICS, PROCESSES, exported_name


def test_names_are_used_once_and_end_in_what_they_count() -> None:
    assert [name for name, n in Counter(m.name for m in METRICS).items() if n > 1] == []
    assert all(m.name.endswith("_total") == (m.kind == "counter") for m in METRICS)


def test_only_histograms_have_buckets_and_they_rise() -> None:
    for metric in METRICS:
        assert bool(metric.buckets) == (metric.kind == "histogram"), metric.name
        assert list(metric.buckets) == sorted(set(metric.buckets)), metric.name


def test_every_exported_name_is_one_that_prometheus_takes() -> None:
    names = [exported_name(process, m.name) for process in PROCESSES for m in METRICS if process in m.processes]
    assert all(re.fullmatch(r"anabranch_[a-z][a-z0-9_]*", name) for name in names)
