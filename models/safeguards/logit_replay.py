"""Replayed examples bring along what the network said when they were fresh."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.nn import functional

from models.safeguards.safeguard import Batch, Safeguard, Surroundings
from schemas.pipeline_safeguards import LogitReplay


class DarkExperience(Safeguard):
    """Adds strength · mean (logit − logit noted)² over the replayed rows; with replay of their labels it is DER++.

    The learner writes the logits beside each example in its memory, so that they are kept, drawn and saved with it.
    The same draw serves labels and logits; the paper draws twice.

    When: as replay, where answers say more than labels do. Cost: K numbers more for each example remembered.

    References
    ----------
    Buzzega et al. 2020: Dark experience for general continual learning.
    """

    NAME: ClassVar[str] = "logit_replay"

    def __init__(self, section: LogitReplay, around: Surroundings) -> None:
        self._section = section

    def loss_term(self, batch: Batch, logit_BK: Tensor) -> Tensor | None:
        """Distance from what was noted; None if nothing is replayed."""
        if not len(batch.noted_RK):
            return None
        return self._section.strength * functional.mse_loss(logit_BK[batch.fresh :], batch.noted_RK)
