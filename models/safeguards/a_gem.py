"""A-GEM: no step may raise the loss on what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor

from models.protocol import Snapshot
from models.safeguards.safeguard import Safeguard, Surroundings, gradients_of, zeros_like
from models.safeguards.tensor_lists import load, saved
from schemas.pipeline_safeguards import AGem

_LEAST: Final = 1e-30


class AveragedGem(Safeguard):
    """A gradient that points against that of remembered examples loses the part that does.

    The reference is the gradient of many examples and serves `every` steps, in which it hardly turns: the paper's, of
    fewer examples in each step, costs more and points less surely to where the past would grow worse.

    When: replay weighs too much, but the past must not grow worse. Cost: every `every` steps a pass forward and back
    over `rows` examples, and a gradient in each checkpoint.

    References
    ----------
    Chaudhry et al. 2019: Efficient lifelong learning with A-GEM.
    """

    NAME: ClassVar[str] = "a_gem"

    def __init__(self, section: AGem, around: Surroundings) -> None:
        self._section, self._around = section, around
        self._reference = zeros_like(around.parameters)
        self._steps = 0

    def project(self) -> None:
        """Turn the step's gradient; where the reference's turn has come, look at the memory first."""
        if self._steps % self._section.every == 0:
            self._reference = self._remembered()
        self._steps += 1
        project(gradients_of(self._around.parameters), self._reference)

    def snapshot(self) -> Snapshot:
        """The reference, and how many steps were made."""
        return Snapshot(saved(reference=self._reference), {"steps": self._steps})

    def restore(self, snapshot: Snapshot) -> None:
        """Take them back; whoever was saved before a reference served several steps computes one at once."""
        self._steps = int(snapshot.manifest.get("steps", 0))
        if self._steps:
            load(snapshot.tensors, reference=self._reference)

    def _remembered(self) -> list[Tensor]:
        """Gradient of what is remembered, without dropout; zeros if nothing is. Its draws are the memory's own."""
        x_RF, y_R = self._around.memory.sample(self._section.rows)
        if not len(y_R):
            return zeros_like(self._around.parameters)
        # The memory may hold more in a row than the vector: what another safeguard notes there.
        logit_RK = self._around.network(torch.from_numpy(x_RF[:, : self._around.width]))
        loss = self._around.head.loss(logit_RK, torch.from_numpy(y_R))
        return list(torch.autograd.grad(loss, self._around.parameters, materialize_grads=True))


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
