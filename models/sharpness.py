"""Sharpness-aware minimisation: the gradient is taken where the loss is worst within a small radius.

References
----------
Foret et al. 2021: Sharpness-aware minimization for efficiently improving generalization.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST = 1e-12


@torch.no_grad()
def climb(parameters: list[Tensor], radius: float) -> list[Tensor]:
    """Move weights `radius` along their gradient; returns copies of where they were.

    Examples
    --------
    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> (3 * weight).sum().backward()
    >>> held = climb([weight], 0.5)
    >>> weight.item(), held[0].item()
    (1.5, 1.0)
    """
    held = [parameter.clone() for parameter in parameters]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    length = float(torch.stack(torch._foreach_norm(gradients)).norm())
    torch._foreach_add_(parameters, gradients, alpha=radius / max(length, _LEAST))
    return held


@torch.no_grad()
def descend(parameters: list[Tensor], held: list[Tensor]) -> None:
    """Put weights back where `climb` found them, to the bit."""
    torch._foreach_copy_(parameters, held)
