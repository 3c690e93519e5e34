"""The health of gradients is told as metrics by layer, each look once."""

from __future__ import annotations

from pathlib import Path

import torch

from adapters.metrics_memory import MemoryMetrics
from models.gradient_health import gradient_health
from models.gradient_record import GradientWatch
from services.learner.gradients import GradientReport
from tests.services.learner.rig import World, example_values, fill, small_contracts


class Looked:
    def __init__(self) -> None:
        self.gradients = GradientWatch(torch.nn.Identity())

    def look(self, scale: float) -> None:
        well = {"second.weight": torch.ones(2, 2), "head.weight": torch.ones(1, 2)}
        made = {"first.weight": torch.tensor([[0.0, 0.0], [3.0, 4.0]]) * scale, **well}
        self.gradients.record = self.gradients.record.after(gradient_health(made))


def test_counters_rise_by_what_is_new_and_gauges_say_the_last() -> None:
    metrics, learner = MemoryMetrics("learner"), Looked()
    report = GradientReport(metrics)
    report.tell(learner)
    assert metrics.values("gradient_norm") == {}
    for scale in (1.0, 1e-9):
        learner.look(scale)
    for _ in range(3):
        report.tell(learner)
    learner.look(1e-9)
    report.tell(learner)
    assert metrics.value("looked_at_steps_total") == 3
    well = {("second.weight",): 0, ("head.weight",): 0}
    assert metrics.values("vanishing_gradients_total") == {("first.weight",): 2, **well}
    assert metrics.values("exploding_gradients_total") == {("first.weight",): 0, **well}
    assert metrics.values("dead_units_ratio") == {("first.weight",): 0.5, **well}
    assert abs(metrics.value("gradient_norm", layer="first.weight") - 5e-9) < 1e-15


def test_a_learner_that_began_anew_is_counted_from_its_beginning() -> None:
    metrics = MemoryMetrics("learner")
    report = GradientReport(metrics)
    for looks in (3, 2):
        learner = Looked()
        for _ in range(looks):
            learner.look(1e-9)
        report.tell(learner)
    assert metrics.value("looked_at_steps_total") == 5
    report.tell(object())


def test_a_learner_at_work_tells_of_every_layer_of_its_network(tmp_path: Path) -> None:
    world = World(small_contracts(), tmp_path)
    fill(world.topics, example_values(world.contracts, 64))
    world.live()
    layers = {series[0] for series in world.metrics.values("gradient_norm")}
    assert {"first.weight", "blocks.0.inner.weight", "blocks.0.outer.weight", "head.weight"} <= layers
    assert world.metrics.value("looked_at_steps_total") == 1
