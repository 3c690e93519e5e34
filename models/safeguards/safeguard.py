"""What a safeguard against forgetting may do in a learner's step, and what it is given to do it with.

Shape suffixes: B rows of a step (the fresh ones first, then the replayed), F columns, K outputs, R replayed rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.losses import Head
from models.normaliser import Normaliser
from models.protocol import Snapshot, Target
from models.replay import Memory


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parts of a learner that its safeguards look at. They change weights through gradients only.

    Attributes
    ----------
    network, average : Module
        The one that learns, and the running average that answers; of one shape.
    parameters, published : list of Tensor
        Of the two, in one order.
    scale : Normaliser
        Moments of the labels.
    width : int
        F.
    """

    network: nn.Module
    average: nn.Module
    parameters: list[Tensor]
    published: list[Tensor]
    head: Head
    scale: Normaliser
    target: Target
    memory: Memory
    width: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step is made on.

    Attributes
    ----------
    fresh : int
        How many of the first rows are fresh.
    noted_RK : Tensor
        Logits noted when the replayed rows were fresh; of no columns if nobody asked for them.
    """

    x_BF: Tensor
    y_B: Tensor
    fresh: int
    noted_RK: Tensor


class Safeguard:
    """A safeguard that does nothing: the hooks of a step in the order in which they are called.

    A step whose gradient is not finite is left out whole: after `loss_terms` nothing more is called for it.
    """

    NAME: ClassVar[str]

    def loss_term(self, batch: Batch, logit_BK: Tensor) -> Tensor | None:
        """Give a scalar to be added to the loss."""
        return None

    def observe(self, batch: Batch) -> None:
        """Look at the gradient, which is finite and of the loss alone."""

    def add_gradient(self) -> None:
        """Add the gradient of a penalty, in place."""

    def project(self) -> None:
        """Turn the gradient, to which all penalties have been added."""

    def after_step(self) -> None:
        """Look at what the step did to the weights."""

    def anchor(self) -> None:
        """Hold from now on to what the learner is now."""

    def snapshot(self) -> Snapshot:
        """All that decides what it will do."""
        return Snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""


def gradients_of(parameters: list[Tensor]) -> list[Tensor]:
    """Gradients, each of which must be there."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def zeros_like(parameters: list[Tensor]) -> list[Tensor]:
    """A tensor of zeros for each parameter."""
    return [torch.zeros_like(parameter, requires_grad=False) for parameter in parameters]
