"""Small networks side by side in one set of arrays, each with a step size of its own, learning one row at a time.

One hidden layer, plain stochastic gradient descent: after drift a large step is ahead, in calm a small one. One row at
a time beats mean gradients of a batch on streams that drift, and in one set of arrays N networks cost little more than
one.

Suffixes: … rows, or nothing for one row, B rows, D inputs, N networks, H hidden units of each, J = N · H, K outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import sger
from scipy.special import expit

from models.protocol import Float32, Float64

_NOUGHT: Final = np.array(0.0, np.float32)


@dataclass(frozen=True, slots=True)
class ContestNetworks:
    """Weights, changed in place by `learn`, and so in C order."""

    rate_N: Float32
    weight_DJ: Float32
    bias_J: Float32
    weight_NHK: Float32
    bias_NK: Float32

    def __post_init__(self) -> None:
        """Refuse weights of which `learn` would change a copy."""
        assert self.weight_DJ.flags.c_contiguous
        assert self.weight_DJ.dtype == np.float32

    @classmethod
    def drawn(cls, inputs: int, outputs: int, hidden: int, rates: tuple[float, ...], seed: int) -> Self:
        """First weights: uniform within the usual bound, the last layer zero."""
        random, bound = np.random.default_rng(seed), 1 / np.sqrt(max(inputs, 1))
        weight_DJ = random.uniform(-bound, bound, (inputs, len(rates) * hidden)).astype(np.float32)
        bias_J = random.uniform(-bound, bound, len(rates) * hidden).astype(np.float32)
        last_NHK = np.zeros((len(rates), hidden, outputs), np.float32)
        return cls(np.array(rates, np.float32), weight_DJ, bias_J, last_NHK, np.zeros(last_NHK.shape[::2], np.float32))

    def answer(self, z_D: Float64) -> Float32:
        """Probabilities that each network gives, (…, N, K), for inputs (…, D)."""
        return self._shares(self._hidden(z_D.astype(np.float32)))

    def learn(self, z_BD: Float64, label_BK: Float64) -> None:
        """Make a step on each row, in order."""
        for z_D, label_K in zip(z_BD.astype(np.float32), label_BK.astype(np.float32), strict=True):
            self._step(z_D, label_K)

    def _hidden(self, z_D: Float32) -> Float32:
        h_J: Float32 = z_D.dot(self.weight_DJ)  # of one row in half the time that @ takes
        h_J += self.bias_J
        np.maximum(h_J, _NOUGHT, out=h_J)
        return h_J.reshape(*z_D.shape[:-1], len(self.rate_N), -1)

    def _shares(self, h_NH: Float32) -> Float32:
        return shares((h_NH[..., None, :] @ self.weight_NHK)[..., 0, :] + self.bias_NK)

    def _step(self, z_D: Float32, label_K: Float32) -> None:
        h_NH = self._hidden(z_D)
        step_NK = (self._shares(h_NH) - label_K) * self.rate_N[:, None]
        back_J = ((self.weight_NHK @ step_NK[:, :, None])[:, :, 0] * np.sign(h_NH)).reshape(-1)
        np.subtract(self.weight_NHK, h_NH[:, :, None] * step_NK[:, None], out=self.weight_NHK)
        np.subtract(self.bias_NK, step_NK, out=self.bias_NK)
        # weight_DJ -= z_D[:, None] * back_J, without that product; with its arguments named, it takes twice as long.
        sger(-1.0, back_J, z_D, 1, 1, self.weight_DJ.T, 1, 1, 1)
        np.subtract(self.bias_J, back_J, out=self.bias_J)


def shares(logit: NDArray[np.float32]) -> Float32:
    """Probabilities along the last axis: sigmoid of one logit, softmax of several.

    Examples
    --------
    >>> shares(np.array([[0.0]], np.float32)).tolist(), shares(np.array([0.0, 0.0], np.float32)).tolist()
    ([[0.5]], [0.5, 0.5])
    """
    if logit.shape[-1] == 1:
        probability: Float32 = expit(logit)
        return probability
    power: Float32 = np.exp(logit - logit.max(axis=-1, keepdims=True))
    power /= power.sum(axis=-1, keepdims=True)
    return power
