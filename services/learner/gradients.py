"""The health of a network's gradients as metrics, layer by layer. Looked at by the learner; told here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from adapters.ports import Metrics
from models.gradient_record import GradientRecord, GradientWatch


@runtime_checkable
class LooksAtGradients(Protocol):
    """A learner with a network that is looked at now and then."""

    @property
    def gradients(self) -> GradientWatch:
        """Of its network."""
        ...


class GradientReport:
    """Tells what has come since it was last asked."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told = GradientRecord()

    def tell(self, learner: object) -> None:
        """Set gauges and count, if the learner has looked again."""
        if not isinstance(learner, LooksAtGradients):
            return
        record, before = learner.gradients.record, self._told
        if record.last is None or record.looks == before.looks:
            return
        if record.looks < before.looks:  # another learner, which began anew
            before = GradientRecord()
        self._told = record
        self._metrics.count("looked_at_steps_total", record.looks - before.looks)
        self._count("vanishing_gradients_total", record.layers, record.vanishing, before.vanishing)
        self._count("exploding_gradients_total", record.layers, record.exploding, before.exploding)
        for layer in record.layers:
            self._metrics.gauge("gradient_norm", record.last.norms[layer], layer=layer)
            self._metrics.gauge("dead_units_ratio", record.last.dead[layer], layer=layer)

    def _count(self, metric: str, layers: tuple[str, ...], now: Mapping[str, int], before: Mapping[str, int]) -> None:
        """Layers without any are told, too: a counter that is not there cannot be watched."""
        for layer in layers:
            self._metrics.count(metric, now.get(layer, 0) - before.get(layer, 0), layer=layer)
