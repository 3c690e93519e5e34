"""A-GEM: no step may raise the loss on what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor

from models.safeguards.safeguard import Safeguard, Surroundings, gradients_of
from schemas.pipeline_safeguards import AGem

_LEAST: Final = 1e-30


class AveragedGem(Safeguard):
    """A gradient that points against that of remembered examples loses the part that does.

    When: replay weighs too much, but the past must not grow worse. Cost: a pass forward and back over `rows` examples.

    References
    ----------
    Chaudhry et al. 2019: Efficient lifelong learning with A-GEM.
    """

    NAME: ClassVar[str] = "a_gem"

    def __init__(self, section: AGem, around: Surroundings) -> None:
        self._section, self._around = section, around

    def project(self) -> None:
        """Compute the reference gradient, without dropout, and turn the step's; its draws are the memory's own."""
        x_RF, y_R = self._around.memory.sample(self._section.rows)
        if not len(y_R):
            return
        # The memory may hold more in a row than the vector: what another safeguard notes there.
        logit_RK = self._around.network(torch.from_numpy(x_RF[:, : self._around.width]))
        loss = self._around.head.loss(logit_RK, torch.from_numpy(y_R))
        reference = torch.autograd.grad(loss, self._around.parameters, materialize_grads=True)
        project(gradients_of(self._around.parameters), reference)


@torch.no_grad()
def project(gradients: Sequence[Tensor], reference: Sequence[Tensor]) -> None:
    """Take from a gradient, in place, its part against the reference; one that agrees stays to the bit.

    Parameters
    ----------
    gradients, reference : sequence of Tensor
        One tensor for each parameter, together one vector. A reference that is zero or not finite changes nothing.

    Examples
    --------
    >>> gradient = [torch.tensor([1.0, -1.0])]
    >>> project(gradient, [torch.tensor([0.0, 2.0])])
    >>> gradient[0].tolist()
    [1.0, 0.0]
    """
    length = _dot(reference, reference)
    agreement = _dot(gradients, reference)
    if agreement < 0 and _LEAST < length < float("inf"):
        torch._foreach_add_(list(gradients), list(reference), alpha=-agreement / length)


def _dot(left: Sequence[Tensor], right: Sequence[Tensor]) -> float:
    return float(torch.stack([torch.sum(a * b, dtype=torch.float64) for a, b in zip(left, right, strict=True)]).sum())
