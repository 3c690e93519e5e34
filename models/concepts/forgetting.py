"""Has a model forgotten what was known? It must still answer the labelled samples of regimes that are past."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from models.concepts.concept import DOUBT, Concept
from models.gate_loss import BoundedLoss
from models.protocol import Float32, Float64

Predict = Callable[[Float32], Float32]


def excess_of(loss: BoundedLoss, predict: Predict, concepts: Iterable[Concept]) -> dict[int, float]:
    """By how much more than each regime's best version a model may lose there, by the regime's number.

    That is the mean over the regime's sample and two standard errors of it: a candidate is judged again and again, and
    the first that seemed good enough would mostly be one of which the sample says too much good.

    Parameters
    ----------
    predict : callable
        Of the model.
    concepts : iterable of Concept
        With a best version.
    """
    held = [(concept, concept.best) for concept in concepts if concept.best is not None]
    return {c.number: _at_most(_lost(loss, predict, c) - _lost(loss, b.model.predict_many, c)) for c, b in held}


def _lost(loss: BoundedLoss, predict: Predict, concept: Concept) -> Float64:
    return loss(predict(concept.sample.x_MF), concept.sample.y_M)


def _at_most(excess_M: Float64) -> float:
    return float(excess_M.mean() + DOUBT * excess_M.std() / math.sqrt(len(excess_M)))
