"""The penalty that several safeguards share: ½ · strength · Σ weight · (parameter − anchor)²."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def quadratic_penalty(
    parameters: Sequence[Tensor], anchors: Sequence[Tensor], weights: Sequence[Tensor], strength: float
) -> Tensor:
    """Value of the penalty, a scalar.

    Parameters
    ----------
    parameters, anchors, weights : sequence of Tensor
        Three lists of tensors, each third of one shape; weights are not negative.

    Examples
    --------
    >>> one = [torch.ones(2)]
    >>> quadratic_penalty([torch.tensor([1.0, 3.0])], one, one, strength=10.0).item()
    20.0
    """
    terms = zip(parameters, anchors, weights, strict=True)
    return 0.5 * strength * torch.stack([(w * (p - a).square()).sum() for p, a, w in terms]).sum()


@torch.no_grad()
def add_quadratic_gradient(
    gradients: Sequence[Tensor],
    parameters: Sequence[Tensor],
    anchors: Sequence[Tensor],
    weights: Sequence[Tensor] | None,
    strength: float,
) -> None:
    """Add the gradient of `quadratic_penalty`, in place; without `weights` they are all 1.

    Written out, since autograd would build and walk a graph over every parameter in each step.

    Examples
    --------
    >>> gradient, one = [torch.zeros(2)], [torch.ones(2)]
    >>> add_quadratic_gradient(gradient, [torch.tensor([1.0, 3.0])], one, one, strength=10.0)
    >>> gradient[0].tolist()
    [0.0, 20.0]
    """
    shift = torch._foreach_sub(list(parameters), list(anchors))
    if weights is None:
        torch._foreach_add_(list(gradients), shift, alpha=strength)
    else:
        torch._foreach_addcmul_(list(gradients), shift, list(weights), value=strength)
