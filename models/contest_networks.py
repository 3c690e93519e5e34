"""Small networks side by side in one set of arrays, each with a step size of its own, learning one row at a time.

One hidden layer, plain stochastic gradient descent: after drift a large step is ahead, in calm a small one. One row at
a time beats mean gradients of a batch on streams that drift, and in one set of arrays N networks cost little more than
one.

Suffixes: B rows, D inputs, N networks, H hidden units of each, J = N · H, K outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64


@dataclass(frozen=True, slots=True)
class ContestNetworks:
    """Weights, changed in place by `learn`."""

    rate_N: Float32
    weight_DJ: Float32
    bias_J: Float32
    weight_NHK: Float32
    bias_NK: Float32

    @classmethod
    def drawn(cls, inputs: int, outputs: int, hidden: int, rates: tuple[float, ...], seed: int) -> Self:
        """First weights: uniform within the usual bound, the last layer zero."""
        random, bound = np.random.default_rng(seed), 1 / np.sqrt(max(inputs, 1))
        weight_DJ = random.uniform(-bound, bound, (inputs, len(rates) * hidden)).astype(np.float32)
        bias_J = random.uniform(-bound, bound, len(rates) * hidden).astype(np.float32)
        last_NHK = np.zeros((len(rates), hidden, outputs), np.float32)
        return cls(np.array(rates, np.float32), weight_DJ, bias_J, last_NHK, np.zeros(last_NHK.shape[::2], np.float32))

    def answer(self, z_BD: Float64) -> Float64:
        """Probabilities that each network gives, (N, B, K)."""
        h_BJ = np.maximum(z_BD.astype(np.float32) @ self.weight_DJ + self.bias_J, 0.0)
        h_NBH = h_BJ.reshape(len(z_BD), len(self.rate_N), -1).transpose(1, 0, 2)
        return shares(h_NBH @ self.weight_NHK + self.bias_NK[:, None]).astype(np.float64)

    def learn(self, z_BD: Float64, label_BK: Float64) -> None:
        """Make a step on each row, in order."""
        for z_D, label_K in zip(z_BD.astype(np.float32), label_BK.astype(np.float32), strict=True):
            self._step(z_D, label_K)

    def _step(self, z_D: Float32, label_K: Float32) -> None:
        h_NH = np.maximum(z_D @ self.weight_DJ + self.bias_J, 0.0).reshape(len(self.rate_N), -1)
        logit_NK = (h_NH[:, None] @ self.weight_NHK)[:, 0] + self.bias_NK
        step_NK = (shares(logit_NK) - label_K) * self.rate_N[:, None]
        back_J = ((self.weight_NHK @ step_NK[:, :, None])[:, :, 0] * (h_NH > 0)).reshape(-1)
        np.subtract(self.weight_NHK, h_NH[:, :, None] * step_NK[:, None], out=self.weight_NHK)
        np.subtract(self.bias_NK, step_NK, out=self.bias_NK)
        np.subtract(self.weight_DJ, z_D[:, None] * back_J, out=self.weight_DJ)
        np.subtract(self.bias_J, back_J, out=self.bias_J)


def shares(logit: NDArray[np.float32]) -> Float32:
    """Probabilities along the last axis: sigmoid of one logit, softmax of several.

    Examples
    --------
    >>> shares(np.array([[0.0]], np.float32)).tolist(), shares(np.array([0.0, 0.0], np.float32)).tolist()
    ([[0.5]], [0.5, 0.5])
    """
    if logit.shape[-1] == 1:
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logit), np.float32)  # unlike exp, tanh cannot overflow
    power = np.exp(logit - logit.max(axis=-1, keepdims=True))
    return np.asarray(power / power.sum(axis=-1, keepdims=True), np.float32)
