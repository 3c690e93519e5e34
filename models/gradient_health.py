"""Is the gradient healthy: does it vanish or explode on its way through the layers, and which units does it not reach?

References
----------
Hochreiter 1991; Bengio, Simard, Frasconi 1994: Learning long-term dependencies with gradient descent is difficult.
Glorot, Bengio 2010: Understanding the difficulty of training deep feedforward neural networks.
Lu et al. 2020: Dying ReLU and initialization.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

_FAR: Final = 1e4
"""A layer whose gradient is so many times smaller than the largest, or larger than the median, is out of proportion."""

_LAYER: Final = "weight"


@dataclass(frozen=True, slots=True)
class GradientHealth:
    """Figures of one step.

    Attributes
    ----------
    norm : float
        Euclidean, over all parameters.
    norms : Mapping of str to float
        Of each parameter, by its name.
    vanishing, exploding : tuple of str
        Parameters whose root mean square is 10⁴ times below the largest one's, or above the median one's; what is not
        finite explodes.
    dead : Mapping of str to float
        Share of the units of each layer that no row of the batch sent a gradient to, 0 to 1. With ReLU these units were
        off for all rows.
    """

    norm: float
    norms: Mapping[str, float]
    vanishing: tuple[str, ...]
    exploding: tuple[str, ...]
    dead: Mapping[str, float]


def gradient_health(gradients: Mapping[str, Tensor]) -> GradientHealth:
    """Look at the gradients of one step.

    Parameters
    ----------
    gradients : Mapping of str to Tensor
        By the parameters' names. A matrix whose name ends in ``weight`` is a layer's, and its rows are its units.

    Examples
    --------
    >>> health = gradient_health({"first.weight": torch.tensor([[0.0, 0.0], [3.0, 4.0]]), "bias": torch.tensor([1e-9])})
    >>> health.norm, health.vanishing, health.dead
    (5.0, ('bias',), {'first.weight': 0.5})
    """
    size = {name: _root_mean_square(gradient) for name, gradient in gradients.items()}
    finite = sorted(value for value in size.values() if math.isfinite(value) and value > 0)
    # The lower median: of two layers, one of which explodes, it is the other's.
    largest, median = (finite[-1], finite[(len(finite) - 1) // 2]) if finite else (0.0, 0.0)
    norms = {name: value * math.sqrt(gradients[name].numel()) for name, value in size.items()}
    return GradientHealth(
        norm=math.hypot(*norms.values()),
        norms=norms,
        vanishing=tuple(name for name, value in size.items() if value * _FAR < largest),
        exploding=tuple(name for name, value in size.items() if not value <= median * _FAR),
        dead={
            name: _dead(gradients[name]) for name in gradients if name.endswith(_LAYER) and gradients[name].dim() == 2
        },
    )


def _root_mean_square(gradient: Tensor) -> float:
    return math.sqrt(float(gradient.double().square().mean())) if gradient.numel() else 0.0


def _dead(gradient: Tensor) -> float:
    return float(torch.mean((gradient == 0).all(1).double())) if gradient.numel() else 0.0
