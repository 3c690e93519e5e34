"""Layers that a network is made of: activations, norms and first weights, by the names of the pipeline file.

Shape suffixes: B rows, H units.

References
----------
Glorot, Bengio 2010: Understanding the difficulty of training deep feedforward neural networks (Xavier).
He et al. 2015: Delving deep into rectifiers (He, PReLU).
Ioffe, Szegedy 2015: Batch normalization. Ba, Kiros, Hinton 2016: Layer normalization. Wu, He 2018: Group normalization.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

Activation = Callable[[Tensor], Tensor]

_SLOPE: Final = 0.01
_GROUPS: Final = 8
_EPSILON: Final = 1e-5
_PACE: Final = 0.1
"""Share of the running moments that each batch replaces."""


def _leaky(h_BH: Tensor) -> Tensor:
    return functional.leaky_relu(h_BH, _SLOPE)


ACTIVATIONS: Final[Mapping[str, Callable[[], Activation]]] = {
    "relu": lambda: torch.relu,
    "leaky_relu": lambda: _leaky,
    "prelu": nn.PReLU,  # has a slope to learn
    "elu": lambda: functional.elu,
    "silu": lambda: functional.silu,
    "gelu": lambda: functional.gelu,
}


class BatchNorm(nn.Module):
    """Standardises each unit over the batch while it learns, by running moments otherwise.

    Torch's own learns the moments in every pass of a training network, refuses batches of one row, and cannot be told
    that a pass is only a look.

    Parameters
    ----------
    units : int
        H.
    """

    mean_H: Tensor
    variance_H: Tensor

    def __init__(self, units: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(units)), nn.Parameter(torch.zeros(units))
        self.register_buffer("mean_H", torch.zeros(units))
        self.register_buffer("variance_H", torch.ones(units))

    def forward(self, h_BH: Tensor, learning: bool) -> Tensor:
        """Standardise (B, H); when `learning`, by the batch's moments, which the running ones follow."""
        mean_H, variance_H = self.mean_H, self.variance_H
        if learning and len(h_BH) > 1:
            variance_H, mean_H = torch.var_mean(h_BH, 0, correction=0)
            with torch.no_grad():
                self.mean_H.lerp_(mean_H, _PACE)
                self.variance_H.lerp_(variance_H, _PACE)
        return (h_BH - mean_H) * torch.rsqrt(variance_H + _EPSILON) * self.weight + self.bias


def _group_norm(units: int) -> nn.Module:
    return nn.GroupNorm(math.gcd(units, _GROUPS), units)


NORMS: Final[Mapping[str, Callable[[int], nn.Module]]] = {
    "layer": nn.LayerNorm,
    "batch": BatchNorm,
    "group": _group_norm,
    "none": lambda _: nn.Identity(),
}


def normed(norm: nn.Module, h_BH: Tensor, learning: bool) -> Tensor:
    """Apply a norm; only one over the batch asks whether this pass is to be learned from."""
    return norm(h_BH, learning) if isinstance(norm, BatchNorm) else norm(h_BH)  # type: ignore[no-any-return]


class _Linear(nn.Linear):
    """A linear layer that draws no weights: its maker sets them.

    `nn.utils.skip_init` would do the same, but loads some 500 modules of torch's compiler at its first use, 0.9 s.
    """

    def reset_parameters(self) -> None:
        """Leave them."""


BOUNDS: Final[Mapping[str, Callable[[int, int], float]]] = {
    "uniform": lambda inputs, _: 1 / math.sqrt(max(inputs, 1)),
    "xavier": lambda inputs, outputs: math.sqrt(6 / max(inputs + outputs, 1)),
    "he": lambda inputs, _: math.sqrt(6 / max(inputs, 1)),
}
"""By inputs and outputs: first weights are uniform within ± this. Only `uniform` draws biases; the others' are zero."""


def linear_layer(inputs: int, outputs: int, source: torch.Generator | None, init: str = "uniform") -> nn.Linear:
    """A linear layer with first weights of one of `BOUNDS`, or all zero without a source."""
    layer, bound = _Linear(inputs, outputs), BOUNDS[init](inputs, outputs)
    with torch.no_grad():
        for parameter in layer.parameters():
            if source is None or (parameter is layer.bias and init != "uniform"):
                parameter.zero_()
            else:
                parameter.uniform_(-bound, bound, generator=source)
    return layer


def dropped(h_BH: Tensor, share: float, noise: torch.Generator | None) -> Tensor:
    """Drop a share of the units and scale up the rest, as `noise` decides; nothing without it."""
    if noise is None or not share:
        return h_BH
    keep_BH = torch.rand(h_BH.shape, generator=noise) >= share
    return h_BH * keep_BH / (1 - share)
