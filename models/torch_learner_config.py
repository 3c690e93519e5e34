"""What a learner of networks is built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.network import NetworkShape, TabularResNet
from models.protocol import Target
from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_safeguards import Safeguards

_NONE: Final = Safeguards()


@dataclass(frozen=True, slots=True)
class TorchLearnerConfig:
    """What a learner is built from.

    Attributes
    ----------
    averaging : float
        Share of the average that a step keeps, 0 (none) to below 1.
    replay_size, replay_mix : int
        Examples held, and drawn beside each fresh batch; 0 of either: no replay.
    kind : str
        One of `models.network_mlp.NETWORKS`.
    replay_kind : str
        As in `schemas.pipeline_learning.Replay`.
    """

    shape: NetworkShape
    target: Target
    width: int
    optimiser: Optimiser
    averaging: float
    replay_size: int
    replay_mix: int
    seed: int
    kind: str = TabularResNet.KIND
    replay_kind: str = "reservoir"
    safeguards: Safeguards = _NONE

    @property
    def noted(self) -> int:
        """How many numbers are remembered beside each vector."""
        return self.shape.outputs if self.safeguards.logit_replay else 0
