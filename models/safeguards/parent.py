"""L2 to the parent: every weight alike is drawn to where it was at the last anchor."""

from __future__ import annotations

from typing import ClassVar

import torch

from models.protocol import Snapshot
from models.safeguards.quadratic import add_quadratic_gradient
from models.safeguards.safeguard import Safeguard, Surroundings, gradients_of, zeros_like
from models.safeguards.tensor_lists import load, saved
from schemas.pipeline_safeguards import ParentPull


class L2ToParent(Safeguard):
    """Penalty ½ · strength · |θ − parent|². The parent is what was published: the averaged weights.

    When: what changes is small, and nothing says which weights matter. Cost: one pass over the weights.

    References
    ----------
    Li, Grandvalet, Davoine 2018: Explicit inductive bias for transfer learning with convolutional networks (L2-SP).
    """

    NAME: ClassVar[str] = "parent"

    def __init__(self, section: ParentPull, around: Surroundings) -> None:
        self._section, self._around = section, around
        self._anchor = zeros_like(around.parameters)
        self._anchored = False

    def add_gradient(self) -> None:
        """Pull."""
        if self._anchored:
            parameters = self._around.parameters
            add_quadratic_gradient(gradients_of(parameters), parameters, self._anchor, None, self._section.strength)

    @torch.no_grad()
    def anchor(self) -> None:
        """Take the averaged weights for the parent."""
        torch._foreach_copy_(self._anchor, self._around.published)
        self._anchored = True

    def snapshot(self) -> Snapshot:
        """The parent."""
        return Snapshot(saved(anchor=self._anchor), {"anchored": self._anchored})

    def restore(self, snapshot: Snapshot) -> None:
        """Take the parent back."""
        load(snapshot.tensors, anchor=self._anchor)
        self._anchored = bool(snapshot.manifest["anchored"])
