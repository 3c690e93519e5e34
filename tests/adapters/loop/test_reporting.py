"""What a job counts is added up over a transaction; of a gauge, what it said last holds."""

from __future__ import annotations

from pathlib import Path

from adapters.loop.reporting import Reporter
from adapters.loop.work import Work, merged
from adapters.metrics_memory import MemoryMetrics
from tests.services.learner.rig import World, small_contracts


def test_counts_add_up_and_gauges_say_the_last(tmp_path: Path) -> None:
    metrics = MemoryMetrics("label_join")
    world = World(small_contracts(), tmp_path, metrics=metrics)
    works = [
        Work((), {}, {}, {"labels_total:joined": 2}, {"coverage_ratio": 0.2, "whole_score:accuracy:worst": 0.1}),
        Work((), {}, {}, {"labels_total:joined": 3}, {"coverage_ratio": 0.4}),
    ]
    Reporter(world.context()).committed(merged(works), 0.0)
    assert metrics.value("labels_total", outcome="joined") == 5
    assert metrics.value("coverage_ratio") == 0.4
    assert metrics.value("whole_score", score="accuracy", bound="worst") == 0.1
