"""Has a model forgotten what was known? It must still answer the labelled samples of regimes that are past."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from models.concepts.concept import Concept
from models.concepts.sample import Sample
from models.gate_loss import BoundedLoss
from models.protocol import Float32

Predict = Callable[[Float32], Float32]


def excess_of(loss: BoundedLoss, predict: Predict, concepts: Iterable[Concept]) -> dict[int, float]:
    """By how much more than each regime's best version a model loses on its sample, on average; by the regime's number.

    Parameters
    ----------
    predict : callable
        Of the model.
    concepts : iterable of Concept
        With a best version.
    """
    held = [(concept, concept.best) for concept in concepts if concept.best is not None]
    return {c.number: _lost(loss, predict, c.sample) - _lost(loss, b.model.predict_many, c.sample) for c, b in held}


def _lost(loss: BoundedLoss, predict: Predict, sample: Sample) -> float:
    return float(loss(predict(sample.x_MF), sample.y_M).mean())
