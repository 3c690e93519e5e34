"""River's Hoeffding adaptive tree behind our protocol: a baseline, evaluated and never served.

A tree has no form but River's own objects, and nothing is ever unpickled. So it is a `Learner`, not a
`ServableLearner`: after a restart it can only be grown again from the log.

References
----------
Bifet, Gavaldà 2009: Adaptive learning from evolving data streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from river import tree

from models.network import NetworkShape
from models.protocol import Float32, Float64, Target
from models.river_features import Row, code_rows, number_rows


class RiverTree:
    """Learns one example at a time."""

    def __init__(self, shape: NetworkShape, target: Target, seed: int) -> None:
        self._shape, self._target = shape, target
        nominal = [place for place, _ in shape.categories]
        kind = tree.HoeffdingAdaptiveTreeRegressor if target == "regression" else tree.HoeffdingAdaptiveTreeClassifier
        self._tree: Any = kind(nominal_attributes=nominal, seed=seed)

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K)."""
        if self._target == "regression":
            values = [[self._tree.predict_one(row)] for row in self._rows(x_BF)]
        else:
            classes = range(max(2, self._shape.outputs))
            values = [_probabilities(self._tree.predict_proba_one(row), classes) for row in self._rows(x_BF)]
            values = [row[1:] for row in values] if self._target == "binary" else values
        return np.array(values, np.float32).reshape(len(x_BF), self._shape.outputs)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Learn each row, in order."""
        for row, y in zip(self._rows(x_BF), y_B.tolist(), strict=True):
            self._tree.learn_one(row, y if self._target == "regression" else int(y))

    def _rows(self, x_BF: Float32) -> Iterator[Row]:
        pairs = zip(number_rows(self._shape, x_BF), code_rows(self._shape, x_BF), strict=True)
        return ({**numbers, **codes} for numbers, codes in pairs)


def _probabilities(found: dict[int, float], classes: range) -> list[float]:
    """Probabilities in class order; all alike while the tree has seen nothing.

    >>> _probabilities({1: 0.6}, range(3)), _probabilities({}, range(2))
    ([0.0, 1.0, 0.0], [0.5, 0.5])
    """
    total = sum(found.values())
    return [found.get(c, 0.0) / total if total > 0 else 1 / len(classes) for c in classes]
