"""Online elastic weight consolidation: weights that the past's answers depend on are held."""

from __future__ import annotations

from typing import ClassVar, Final

import torch

from models.protocol import Snapshot
from models.safeguards.quadratic import add_quadratic_gradient
from models.safeguards.safeguard import Batch, Safeguard, Surroundings, gradients_of, zeros_like
from models.safeguards.tensor_lists import load, saved
from schemas.pipeline_safeguards import Ewc

_WINDOW: Final = 50
"""Steps that the gathered importances remember."""


class OnlineEwc(Safeguard):
    """Penalty ½ · strength · Σ F (θ − θ*)², F a diagonal Fisher information that fades by `decay` at each anchor.

    Between anchors F is gathered from the gradients that the steps compute anyway: of B rows the squared mean gradient,
    times B, has the mean of the rows' squared gradients as its expectation where the weights have converged. So the
    steps before that must not count for long: F is a running average, over some fifty steps, of the way to the anchor.

    When: memory of examples is not allowed, or beside replay. Cost: three passes over the weights.

    References
    ----------
    Kirkpatrick et al. 2017: Overcoming catastrophic forgetting in neural networks.
    Schwarz et al. 2018: Progress & compress (the online form with decay).
    Chaudhry et al. 2018: Riemannian walk for incremental learning (the Fisher information gathered along the way).
    """

    NAME: ClassVar[str] = "ewc"

    def __init__(self, section: Ewc, around: Surroundings) -> None:
        self._section, self._around = section, around
        self._fisher, self._recent, self._anchor = (zeros_like(around.parameters) for _ in range(3))
        self._steps = self._anchors = 0

    @torch.no_grad()
    def observe(self, batch: Batch) -> None:
        """Gather this step's squared gradient: as a plain mean at first, then as a running one."""
        gradients = gradients_of(self._around.parameters)
        self._steps += 1
        share = 1 / min(self._steps, _WINDOW)
        torch._foreach_mul_(self._recent, 1 - share)
        torch._foreach_addcmul_(self._recent, gradients, gradients, value=len(batch.y_B) * share)

    def add_gradient(self) -> None:
        """Hold."""
        if self._anchors:
            own = self._around.parameters
            add_quadratic_gradient(gradients_of(own), own, self._anchor, self._fisher, self._section.strength)

    @torch.no_grad()
    def anchor(self) -> None:
        """Add what was gathered to what is held, and hold to the averaged weights from now on."""
        if not self._steps:
            return
        torch._foreach_mul_(self._fisher, self._section.decay)
        torch._foreach_add_(self._fisher, self._recent)
        torch._foreach_zero_(self._recent)
        torch._foreach_copy_(self._anchor, self._around.published)
        self._steps, self._anchors = 0, self._anchors + 1

    def snapshot(self) -> Snapshot:
        """Importances, those being gathered, and the anchor."""
        tensors = saved(fisher=self._fisher, recent=self._recent, anchor=self._anchor)
        return Snapshot(tensors, {"steps": self._steps, "anchors": self._anchors, "recent": "mean"})

    def restore(self, snapshot: Snapshot) -> None:
        """Take them back; whoever was saved before `recent` was a mean has a sum."""
        load(snapshot.tensors, fisher=self._fisher, recent=self._recent, anchor=self._anchor)
        self._steps, self._anchors = int(snapshot.manifest["steps"]), int(snapshot.manifest["anchors"])
        if self._steps and "recent" not in snapshot.manifest:
            torch._foreach_div_(self._recent, self._steps)
