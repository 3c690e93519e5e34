"""Synaptic intelligence: a weight matters as much as its own path has lowered the loss."""

from __future__ import annotations

from typing import ClassVar

import torch

from models.protocol import Snapshot
from models.safeguards.quadratic import add_quadratic_gradient
from models.safeguards.safeguard import Batch, Safeguard, Surroundings, gradients_of, zeros_like
from models.safeguards.tensor_lists import load, saved
from schemas.pipeline_safeguards import SynapticIntelligence


class SynapticHold(Safeguard):
    """Penalty ½ · strength · Σ Ω (θ − θ*)².

    Ω is the fall of the loss along each weight's path since the last anchor, over the square of how far it came, plus
    `damping`; at each anchor the older Ω fades by `decay`, and the new is added.

    When: as EWC, and better where gradients have become small though the weights mattered. Cost: five passes over the
    weights.

    Notes
    -----
    The paper has no ½: its c is half of `strength`. It is the learning weights that are followed, not their average,
    for the path is theirs.

    References
    ----------
    Zenke, Poole, Ganguli 2017: Continual learning through synaptic intelligence.
    """

    NAME: ClassVar[str] = "synaptic_intelligence"

    def __init__(self, section: SynapticIntelligence, around: Surroundings) -> None:
        self._section, self._around = section, around
        self._importance, self._path, self._gradient = (zeros_like(around.parameters) for _ in range(3))
        self._before, self._anchor = zeros_like(around.parameters), zeros_like(around.parameters)
        self._copy(self._anchor)
        self._anchors = 0

    @torch.no_grad()
    def observe(self, batch: Batch) -> None:
        """Note the gradient, and where the step begins."""
        torch._foreach_copy_(self._gradient, gradients_of(self._around.parameters))
        self._copy(self._before)

    def add_gradient(self) -> None:
        """Hold."""
        if self._anchors:
            own = self._around.parameters
            add_quadratic_gradient(gradients_of(own), own, self._anchor, self._importance, self._section.strength)

    @torch.no_grad()
    def after_step(self) -> None:
        """Credit each weight with what its move took off the loss."""
        torch._foreach_sub_(self._before, self._around.parameters)
        torch._foreach_addcmul_(self._path, self._before, self._gradient)

    @torch.no_grad()
    def anchor(self) -> None:
        """Turn the paths into importances, and hold to the present weights from now on."""
        moved = torch._foreach_sub(self._around.parameters, self._anchor)
        for importance, path, way in zip(self._importance, self._path, moved, strict=True):
            credit = path.clamp_(min=0) / way.square_().add_(self._section.damping)
            importance.mul_(self._section.decay).add_(credit)
            path.zero_()
        self._copy(self._anchor)
        self._anchors += 1

    def snapshot(self) -> Snapshot:
        """Importances, paths and the anchor; the rest lives within one step."""
        tensors = saved(importance=self._importance, path=self._path, anchor=self._anchor)
        return Snapshot(tensors, {"anchors": self._anchors})

    def restore(self, snapshot: Snapshot) -> None:
        """Take them back."""
        load(snapshot.tensors, importance=self._importance, path=self._path, anchor=self._anchor)
        self._anchors = int(snapshot.manifest["anchors"])

    @torch.no_grad()
    def _copy(self, into: list[torch.Tensor]) -> None:
        torch._foreach_copy_(into, self._around.parameters)
