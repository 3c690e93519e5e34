"""L1, L2 and both: weights that nothing calls for shrink."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from models.safeguards.safeguard import Safeguard, Surroundings, gradients_of


class ElasticNet(Safeguard):
    """Penalty l1 · Σ |θ| + ½ · l2 · Σ θ².

    References
    ----------
    Zou, Hastie 2005: Regularization and variable selection via the elastic net.
    """

    NAME: ClassVar[str] = "elastic_net"

    def __init__(self, l1: float, l2: float, around: Surroundings) -> None:
        self._l1, self._l2, self._around = l1, l2, around

    def add_gradient(self) -> None:
        """Pull towards zero."""
        add_elastic_gradient(gradients_of(self._around.parameters), self._around.parameters, self._l1, self._l2)


@torch.no_grad()
def add_elastic_gradient(gradients: list[Tensor], parameters: list[Tensor], l1: float, l2: float) -> None:
    """Add the penalty's gradient in place; that of |θ| at 0 counts as 0.

    Examples
    --------
    >>> gradient = [torch.zeros(3)]
    >>> add_elastic_gradient(gradient, [torch.tensor([-2.0, 0.0, 4.0])], l1=1.0, l2=0.5)
    >>> gradient[0].tolist()
    [-2.0, 0.0, 3.0]
    """
    if l1:
        torch._foreach_add_(gradients, torch._foreach_sign(parameters), alpha=l1)
    if l2:
        torch._foreach_add_(gradients, parameters, alpha=l2)
