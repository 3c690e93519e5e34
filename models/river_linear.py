"""River's linear models behind our protocol: scaled numbers, one-hot categories, one example at a time.

Binary: logistic regression. Multiclass: softmax regression. Regression: linear regression on standardised labels.
All by plain SGD with River's own step size, without replay: a challenger that costs little to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np
import torch
from river import linear_model, preprocessing, utils

from models.linear_model import LinearModel
from models.network import NetworkShape
from models.normaliser import Normaliser
from models.protocol import Float32, Float64, Snapshot, Target
from models.river_features import Row, code_rows, number_rows

# Softmax regression has no intercept of its own: this input, always 1, stands in.
_ONE: Hashable = "one"


class RiverLinear:
    """Learns one example at a time; its coefficients and its scaler are all of its state."""

    def __init__(self, shape: NetworkShape, target: Target) -> None:
        self._shape, self._target = shape, target
        self._scaler: Any = preprocessing.StandardScaler()
        self._labels = Normaliser(1)
        self._model = _model_of(target, shape.outputs)
        self._served: LinearModel | None = None

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K)."""
        return self.served().predict_many(x_BF)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Learn each row, in order."""
        self._served = None
        if self._target == "regression":
            self._labels.learn(torch.from_numpy(y_B)[:, None])
        label = self._label()
        for numbers, codes, y in zip(number_rows(self._shape, x_BF), self._one_hot(x_BF), y_B.tolist(), strict=True):
            self._scaler.learn_one(numbers)
            self._model.learn_one(self._scaler.transform_one(numbers) | codes, label(y))

    @property
    def answering(self) -> LinearModel:
        """What is served."""
        return self.served()

    def served(self) -> LinearModel:
        """Coefficients and scaler as arrays: what answers, here and where it is published."""
        if self._served is None:
            self._served = self._build()
        return self._served

    def snapshot(self) -> Snapshot:
        """Coefficients, scaler and label moments; in the order in which they were met, for it decides last bits."""
        weights = self._weights()
        tensors = {f"labels.{k}": v.numpy().copy() for k, v in self._labels.state_dict().items()}
        for number, of_output in enumerate(weights):
            tensors[f"weights.{number}"] = np.array([*of_output.values()], np.float64)
        tensors["intercept"] = np.array([getattr(self._model, "intercept", 0.0)], np.float64)
        scaler = self._scaler
        moments = [(scaler.counts[p], scaler.means[p], scaler.vars[p]) for p in self._shape.numbers]
        tensors["moments"] = np.array(moments, np.float64).reshape(-1, 3)
        return Snapshot(tensors, {"keys": [[_packed(key) for key in of_output] for of_output in weights]})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        self._served = None
        labels = {k.removeprefix("labels."): v for k, v in snapshot.tensors.items() if k.startswith("labels.")}
        self._labels.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in labels.items()})
        for place, (count, mean, variance) in zip(
            self._shape.numbers, snapshot.tensors["moments"].tolist(), strict=True
        ):
            if count:
                scaler = self._scaler
                scaler.counts[place], scaler.means[place], scaler.vars[place] = int(count), mean, variance
        for number, keys in enumerate(snapshot.manifest["keys"]):
            values = snapshot.tensors[f"weights.{number}"].tolist()
            self._put(number, dict(zip(map(_unpacked, keys), values, strict=True)))
        if self._target != "multiclass":
            self._model.intercept = float(snapshot.tensors["intercept"][0])

    def _one_hot(self, x_BF: Float32) -> Iterator[Row]:
        always: Row = {_ONE: 1.0} if self._target == "multiclass" else {}
        return (dict.fromkeys(row.items(), 1.0) | always for row in code_rows(self._shape, x_BF))

    def _label(self) -> Callable[[float], float]:
        if self._target != "regression":
            return int
        mean, deviation = self._label_scale().tolist()
        return lambda y: float((y - mean) / deviation)

    def _label_scale(self) -> Float64:
        if self._target != "regression":
            return np.array([0.0, 1.0])
        return np.array([self._labels.mean_N.item(), self._labels.deviation_N.item()])

    def _weights(self) -> list[dict[Hashable, float]]:
        """Coefficients of each output."""
        if self._target == "multiclass":
            return [dict(self._model.weights[output]) for output in range(self._shape.outputs)]
        return [dict(self._model.weights)]

    def _put(self, output: int, weights: dict[Hashable, float]) -> None:
        if self._target == "multiclass":
            self._model.weights[output].update(weights)
        else:
            # River has no public way to set coefficients; this is what its own learn_one assigns.
            self._model._weights = utils.VectorDict(weights)

    def _build(self) -> LinearModel:
        numbers, categories = self._shape.numbers, self._shape.categories
        starts = np.cumsum([0, *(buckets for _, buckets in categories)])
        row_of = {place: int(start) for (place, _), start in zip(categories, starts, strict=False)}
        column_of = {place: column for column, place in enumerate(numbers)}
        outputs = self._shape.outputs
        weights_NK, weights_VK = np.zeros((len(numbers), outputs)), np.zeros((int(starts[-1]), outputs))
        bias_K = np.full(outputs, float(getattr(self._model, "intercept", 0.0)))
        for output, weights in enumerate(self._weights()):
            for key, weight in weights.items():
                if isinstance(key, tuple):
                    weights_VK[row_of[key[0]] + key[1], output] = weight
                elif key == _ONE:
                    bias_K[output] = weight
                else:
                    weights_NK[column_of[key], output] = weight  # type: ignore[index]
        means = [self._scaler.means[place] for place in numbers]
        variances = [self._scaler.vars[place] for place in numbers]
        return LinearModel(
            self._target,
            np.array(numbers, np.int64),
            np.array([place for place, _ in categories], np.int64),
            np.array(means, np.float64),
            np.sqrt(np.array(variances, np.float64)),
            weights_NK,
            starts[:-1].astype(np.int64),
            weights_VK,
            bias_K,
            self._label_scale(),
        )


def _model_of(target: Target, outputs: int) -> Any:
    if target == "binary":
        return linear_model.LogisticRegression()
    if target == "regression":
        return linear_model.LinearRegression()
    model = linear_model.SoftmaxRegression()
    for output in range(outputs):
        _ = model.weights[output]  # classes not seen yet have a probability too
    return model


def _packed(key: Hashable) -> list[int]:
    # The place of a number; a place and a code; nothing for the constant.
    return [] if key == _ONE else list(key) if isinstance(key, tuple) else [int(key)]  # type: ignore[call-overload]


def _unpacked(packed: list[int]) -> Hashable:
    return _ONE if not packed else packed[0] if len(packed) == 1 else tuple(packed)
