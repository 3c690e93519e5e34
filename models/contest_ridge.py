"""Ridge regressions on random features side by side, each forgetting at its own pace.

They fit what was seen, weighted by age, exactly: on a calm stream nothing learns from fewer labels. The features are
the inputs and fixed random waves of them, so that they bend. The weights are solved anew once per block of rows, which
keeps the cost of a row small and, unlike the recursive form, cannot wind up: the ridge is always there.

Suffixes: B rows, D inputs, P random features, M = P + D + 1 all features, G ridges, K outputs.

References
----------
Rahimi, Recht 2008: Random features for large-scale kernel machines.
Haykin 2002: Adaptive filter theory, chapter 9 (exponentially weighted least squares).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch

from models.protocol import Float64

_RIDGE: Final = 1.0
_SPREAD: Final = 0.3
_LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True)
class ContestRidge:
    """What answers: the random features and the weights, which `RidgeSums` changes in place."""

    direction_DP: Float64
    phase_P: Float64
    weight_MGK: Float64

    @classmethod
    def drawn(cls, inputs: int, outputs: int, waves: int, ridges: int, seed: int) -> Self:
        """Draw the features; every answer is alike until something is learned."""
        random = np.random.default_rng(seed)
        direction_DP = random.normal(0, _SPREAD, (inputs, waves))
        weight_MGK = np.zeros((waves + inputs + 1, ridges, outputs))
        weight_MGK[-1] = 0.5 if outputs == 1 else 1 / outputs
        return cls(direction_DP, random.uniform(-np.pi / 2, np.pi / 2, waves), weight_MGK)

    def features(self, z_BD: Float64) -> Float64:
        """Waves, inputs and one, (B, M)."""
        waves = len(self.phase_P)
        f_BM = np.empty((len(z_BD), waves + z_BD.shape[1] + 1))
        np.tanh(z_BD @ self.direction_DP + self.phase_P, out=f_BM[:, :waves])
        f_BM[:, waves:-1], f_BM[:, -1] = z_BD, 1.0
        return f_BM

    def answer(self, z_BD: Float64) -> Float64:
        """Probabilities that each ridge gives, (G, B, K)."""
        features, ridges, outputs = self.weight_MGK.shape
        fit_BJ = self.features(z_BD) @ self.weight_MGK.reshape(features, -1)
        fit_GBK = fit_BJ.reshape(len(z_BD), ridges, outputs).transpose(1, 0, 2)
        if fit_GBK.shape[2] == 1:
            return np.minimum(np.maximum(fit_GBK, _LEAST), 1 - _LEAST)
        fit_GBK = np.maximum(fit_GBK, _LEAST)
        return np.asarray(fit_GBK / fit_GBK.sum(axis=2, keepdims=True))


class RidgeSums:
    """Weighted sums of squares from which the weights are solved.

    Parameters
    ----------
    keep : tuple of float
        Share of its weight that a row keeps with each later row, for each ridge: 0.999 remembers some 1,000 rows.
    """

    def __init__(self, ridge: ContestRidge, keep: tuple[float, ...]) -> None:
        features, ridges, outputs = ridge.weight_MGK.shape
        self._ridge, self._keep = ridge, keep
        self.square_GMM = np.zeros((ridges, features, features))
        self.product_GMK = np.zeros((ridges, features, outputs))

    def learn(self, z_BD: Float64, label_BK: Float64) -> None:
        """Take a block of rows into the sums, and solve the weights anew."""
        f_BM = torch.from_numpy(self._ridge.features(z_BD))
        label = torch.from_numpy(label_BK)
        # Torch, not NumPy: it is bound to one thread, so that sums have the same bits on every machine's cores.
        square_GMM, product_GMK = torch.from_numpy(self.square_GMM), torch.from_numpy(self.product_GMK)
        for g, keep in enumerate(self._keep):
            weighted_BM = f_BM * torch.from_numpy(keep ** np.arange(len(z_BD) - 1, -1, -1.0))[:, None]
            square_GMM[g].mul_(keep ** len(z_BD)).add_(weighted_BM.T @ f_BM)
            product_GMK[g].mul_(keep ** len(z_BD)).add_(weighted_BM.T @ label)
        ridge_MM = _RIDGE * torch.eye(f_BM.shape[1], dtype=torch.float64)
        factor_GMM = torch.linalg.cholesky(square_GMM + ridge_MM)
        self._ridge.weight_MGK[...] = torch.cholesky_solve(product_GMK, factor_GMM).numpy().transpose(1, 0, 2)
