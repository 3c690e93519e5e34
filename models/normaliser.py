"""Standardisation learned online: running mean and variance of each column, missing values left out."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

CLIP: Final = 5.0
_LEAST_DEVIATION: Final = 1e-6


class Normaliser(nn.Module):
    """Running moments of N columns, in float64, as part of the model.

    Parameters
    ----------
    columns : int
        N.

    References
    ----------
    Chan, Golub, LeVeque 1979: Updating formulae and a pairwise algorithm for computing sample variances.

    Examples
    --------
    >>> n = Normaliser(1)
    >>> n.learn(torch.tensor([[1.0], [float("nan")], [3.0]]))
    >>> n(torch.tensor([[3.0], [float("nan")]])).tolist()
    [[1.0], [nan]]
    """

    count_N: Tensor
    mean_N: Tensor
    spread_N: Tensor
    _frozen: tuple[Tensor, Tensor] | None = None

    def __init__(self, columns: int) -> None:
        super().__init__()
        for name in ("count_N", "mean_N", "spread_N"):
            self.register_buffer(name, torch.zeros(columns, dtype=torch.float64))

    @torch.no_grad()
    def learn(self, x_BN: Tensor) -> None:
        """Take in a batch, float32 or float64 of shape (B, N), NaN where missing."""
        known_BN = ~torch.isnan(x_BN)
        count_N = known_BN.sum(0, dtype=torch.float64)
        safe_N = count_N.clamp(min=1)
        value_BN = torch.nan_to_num(x_BN.double())
        mean_N = value_BN.sum(0) / safe_N
        spread_N = ((value_BN - mean_N).square() * known_BN).sum(0)
        total_N = (self.count_N + count_N).clamp(min=1)
        shift_N = mean_N - self.mean_N
        self.spread_N += spread_N + shift_N.square() * self.count_N * count_N / total_N
        self.mean_N += shift_N * count_N / total_N
        self.count_N += count_N

    @property
    def deviation_N(self) -> Tensor:
        """Standard deviation, float64; 1 for a column that has not varied yet."""
        deviation_N = (self.spread_N / self.count_N.clamp(min=1)).sqrt()
        return torch.where(deviation_N < _LEAST_DEVIATION, torch.ones_like(deviation_N), deviation_N)

    def freeze(self) -> None:
        """Work out now what every answer needs: from here on nothing is learned, and nothing is moved."""
        self._frozen = self.mean_N.float(), self.deviation_N.float()

    def forward(self, x_BN: Tensor) -> Tensor:
        """Standardise and clip to ±5 deviations; float32, NaN stays NaN."""
        mean_N, deviation_N = self._frozen or (self.mean_N.float(), self.deviation_N.float())
        scaled_BN = (x_BN - mean_N) / deviation_N
        return scaled_BN.clamp(-CLIP, CLIP)
