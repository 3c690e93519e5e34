"""A linear model that answers and never changes: what River's linear learners publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from models.protocol import Float32, Float64, Snapshot, Target


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Standardised numbers and one weight for each category code.

    Attributes
    ----------
    places_N, places_C : int64
        Where in the vector the numbers and the categories stand.
    mean_N, deviation_N : float64
        Of the numbers; a deviation of 0 silences its column.
    weights_NK : float64
    codes_C : int64
        First row in `weights_VK` of each category.
    weights_VK : float64
        A row for each code of each category.
    bias_K : float64
    label_scale : float64, shape (2,)
        Mean and deviation of a regression's labels, else 0 and 1.
    """

    KIND: ClassVar[str] = "linear"

    target: Target
    places_N: np.ndarray[tuple[int], np.dtype[np.int64]]
    places_C: np.ndarray[tuple[int], np.dtype[np.int64]]
    mean_N: Float64
    deviation_N: Float64
    weights_NK: Float64
    codes_C: np.ndarray[tuple[int], np.dtype[np.int64]]
    weights_VK: Float64
    bias_K: Float64
    label_scale: Float64

    @property
    def kind(self) -> str:
        """Name under which `models.snapshot` decodes it."""
        return self.KIND

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K), as `models.protocol.ServedModel` says."""
        logit_BK = self.bias_K + self._numbers(x_BF) + self._categories(x_BF)
        return _answer(self.target, logit_BK, self.label_scale).astype(np.float32)

    def _numbers(self, x_BF: Float32) -> Float64:
        varied_N = np.where(self.deviation_N > 0, self.deviation_N, 1.0)
        scaled_BN = (x_BF[:, self.places_N].astype(np.float64) - self.mean_N) / varied_N
        return np.asarray(np.nan_to_num(scaled_BN * (self.deviation_N > 0)) @ self.weights_NK)

    def _categories(self, x_BF: Float32) -> Float64:
        code_BC = x_BF[:, self.places_C]
        known_BC = np.isfinite(code_BC)
        row_BC = np.where(known_BC, code_BC, 0).astype(np.int64) + self.codes_C
        return np.asarray((self.weights_VK[row_BC] * known_BC[:, :, None]).sum(axis=1))

    def snapshot(self) -> Snapshot:
        """All arrays, and the target."""
        names = [name for name in self.__slots__ if name not in ("target",)]
        return Snapshot({name: getattr(self, name) for name in names}, {"target": self.target})

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Self:
        """Build the model that `snapshot` was taken from."""
        return cls(target=snapshot.manifest["target"], **snapshot.tensors)


def _answer(target: Target, logit_BK: Float64, label_scale: Float64) -> Float64:
    if target == "regression":
        return np.asarray(logit_BK * label_scale[1] + label_scale[0])
    if target == "binary":
        return np.asarray(1 / (1 + np.exp(-np.clip(logit_BK, -500, 500))))
    power_BK = np.exp(logit_BK - logit_BK.max(axis=1, keepdims=True))
    return np.asarray(power_BK / power_BK.sum(axis=1, keepdims=True))
