"""Ridge regressions on random features side by side, each forgetting at its own pace.

They fit what was seen, weighted by age, exactly: on a calm stream nothing learns from fewer labels. The features are
the inputs and fixed random waves of them, so that they bend. The weights are solved anew once per block of rows, which
keeps the cost of a row small and, unlike the recursive form, cannot wind up: the ridge is always there.

Suffixes: … rows, or nothing for one row, B rows, D inputs, P random features, M = P + D + 1 all features, G
ridges, K outputs.

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
_LEAST: Final = np.array(1e-3)
_MOST: Final = np.array(1 - 1e-3)


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

    def features(self, z_D: Float64) -> Float64:
        """Waves, inputs and one, (…, M), for inputs (…, D)."""
        waves = len(self.phase_P)
        f_M = np.empty((*z_D.shape[:-1], len(self.weight_MGK)))
        np.tanh(z_D.dot(self.direction_DP) + self.phase_P, out=f_M[..., :waves])
        f_M[..., waves:-1], f_M[..., -1] = z_D, 1.0
        return f_M

    def answer(self, z_D: Float64) -> Float64:
        """Probabilities that each ridge gives, (…, G, K)."""
        features, *shape = self.weight_MGK.shape
        fit_J: Float64 = self.features(z_D).dot(self.weight_MGK.reshape(features, -1))
        np.maximum(fit_J, _LEAST, out=fit_J)
        fit_GK = fit_J.reshape(*z_D.shape[:-1], *shape)
        if shape[1] == 1:
            np.minimum(fit_GK, _MOST, out=fit_GK)
        else:
            fit_GK /= fit_GK.sum(axis=-1, keepdims=True)
        return fit_GK


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
        self._ridge_MM = _RIDGE * torch.eye(features, dtype=torch.float64)

    def learn(self, z_BD: Float64, label_BK: Float64) -> None:
        """Take a block of rows into the sums, and solve the weights anew."""
        f_BM, known_BK = torch.from_numpy(self._ridge.features(z_BD)), torch.from_numpy(label_BK)
        # Torch, not NumPy: it is bound to one thread, so that sums have the same bits on every machine's cores.
        square_GMM, product_GMK = torch.from_numpy(self.square_GMM), torch.from_numpy(self.product_GMK)
        for g, keep in enumerate(self._keep):
            weighted_MB = (f_BM * torch.from_numpy(keep ** np.arange(len(z_BD) - 1, -1, -1.0))[:, None]).T
            square_GMM[g].addmm_(weighted_MB, f_BM, beta=keep ** len(z_BD))
            product_GMK[g].addmm_(weighted_MB, known_BK, beta=keep ** len(z_BD))
        factor_GMM = torch.linalg.cholesky(square_GMM + self._ridge_MM)
        self._ridge.weight_MGK[...] = torch.cholesky_solve(product_GMK, factor_GMM).numpy().transpose(1, 0, 2)
