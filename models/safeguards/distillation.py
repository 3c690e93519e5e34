"""Distillation from the champion: its answers are learned beside the labels."""

from __future__ import annotations

import copy
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.normaliser import Normaliser
from models.protocol import Snapshot, Target
from models.safeguards.safeguard import Batch, Safeguard, Surroundings
from models.safeguards.tensor_lists import load, saved
from schemas.pipeline_safeguards import Distillation


class ChampionDistillation(Safeguard):
    """Adds strength · `distance` between the learner's answers and those of the anchor: the averaged network, then.

    It needs no example of the past: the champion's answers on today's inputs stand for what it knew.

    When: the past's answers still hold. Where labels contradict them it slows learning. Cost: one pass of the champion
    over each batch, and a network more in every checkpoint.

    References
    ----------
    Hinton, Vinyals, Dean 2015: Distilling the knowledge in a neural network (temperature).
    Li, Hoiem 2016: Learning without forgetting.
    """

    NAME: ClassVar[str] = "distillation"

    def __init__(self, section: Distillation, around: Surroundings) -> None:
        self._section, self._around = section, around
        self._champion = copy.deepcopy(around.average).eval().requires_grad_(False)
        self._scale = Normaliser(1)
        self._anchored = False

    def loss_term(self, batch: Batch, logit_BK: Tensor) -> Tensor | None:
        """Distance from the champion; None before there is one."""
        if not self._anchored:
            return None
        champion_BK = self._in_present_unit(self._champion(batch.x_BF))
        return self._section.strength * distance(
            self._around.target, logit_BK, champion_BK.detach(), self._section.temperature
        )

    @torch.no_grad()
    def anchor(self) -> None:
        """Take the averaged network for the champion."""
        torch._foreach_copy_(_state(self._champion), _state(self._around.average))
        torch._foreach_copy_(_state(self._scale), _state(self._around.scale))
        self._anchored = True

    def snapshot(self) -> Snapshot:
        """The champion."""
        tensors = saved(champion=_state(self._champion), scale=_state(self._scale))
        return Snapshot(tensors, {"anchored": self._anchored})

    def restore(self, snapshot: Snapshot) -> None:
        """Take the champion back."""
        load(snapshot.tensors, champion=_state(self._champion), scale=_state(self._scale))
        self._anchored = bool(snapshot.manifest["anchored"])

    def _in_present_unit(self, logit_BK: Tensor) -> Tensor:
        """A regression's logits are in deviations of the labels, and these have gone on since."""
        if self._around.target != "regression":
            return logit_BK
        now = self._around.scale
        return ((logit_BK * self._scale.deviation_N + self._scale.mean_N - now.mean_N) / now.deviation_N).float()


def distance(target: Target, student_BK: Tensor, teacher_BK: Tensor, temperature: float) -> Tensor:
    """How far a student's logits are from a teacher's: 0 where they agree, a scalar, the mean over rows.

    Classes: T² times the Kullback-Leibler divergence from the teacher's probabilities at temperature T to the
    student's; T² keeps the gradients' size. Regression: Huber's loss of the difference.

    Examples
    --------
    >>> logit_BK = torch.tensor([[0.3], [-2.0]])
    >>> distance("binary", logit_BK, logit_BK, 2.0).item()
    0.0
    """
    if target == "regression":
        return functional.huber_loss(student_BK, teacher_BK)
    if target == "binary":
        student_BK, teacher_BK = (torch.cat((torch.zeros_like(z), z), 1) for z in (student_BK, teacher_BK))
    student_BK, teacher_BK = (functional.log_softmax(z / temperature, 1) for z in (student_BK, teacher_BK))
    divergence = functional.kl_div(student_BK, teacher_BK, reduction="batchmean", log_target=True)
    return temperature**2 * divergence


def _state(module: nn.Module) -> list[Tensor]:
    return list(module.state_dict().values())
