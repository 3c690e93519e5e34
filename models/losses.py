"""Heads: how logits become answers, and how far they are from the labels.

A regression head works on standardised labels, so that step sizes do not depend on their unit.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from models.normaliser import Normaliser
from models.protocol import Target


class Head(Protocol):
    """Loss and link of one kind of target."""

    def loss(self, logit_BK: Tensor, y_B: Tensor) -> Tensor:
        """Mean loss over the batch, a scalar."""
        ...

    def answer(self, logit_BK: Tensor) -> Tensor:
        """Outputs as served, (B, K)."""
        ...


class BinaryHead:
    """Log loss; the answer is the probability of 1."""

    def loss(self, logit_BK: Tensor, y_B: Tensor) -> Tensor:
        """Mean log loss."""
        return functional.binary_cross_entropy_with_logits(logit_BK[:, 0], y_B.float())

    def answer(self, logit_BK: Tensor) -> Tensor:
        """Probability of 1, (B, 1)."""
        return torch.sigmoid(logit_BK)


class MulticlassHead:
    """Cross entropy; the answer is a probability for each class."""

    def loss(self, logit_BK: Tensor, y_B: Tensor) -> Tensor:
        """Mean cross entropy."""
        return functional.cross_entropy(logit_BK, y_B.long())

    def answer(self, logit_BK: Tensor) -> Tensor:
        """Probabilities, (B, K), summing to 1."""
        return torch.softmax(logit_BK, 1)


class RegressionHead:
    """Huber loss on labels standardised by `scale`, so that single far values do not throw the weights.

    References
    ----------
    Huber 1964: Robust estimation of a location parameter.
    """

    def __init__(self, scale: Normaliser) -> None:
        self.scale = scale

    def loss(self, logit_BK: Tensor, y_B: Tensor) -> Tensor:
        """Mean Huber loss, bending at one standard deviation."""
        scaled_B = (y_B.double() - self.scale.mean_N) / self.scale.deviation_N
        return functional.huber_loss(logit_BK[:, 0], scaled_B.float())

    def answer(self, logit_BK: Tensor) -> Tensor:
        """Value in the label's unit, (B, 1)."""
        return (logit_BK * self.scale.deviation_N + self.scale.mean_N).float()


def head_of(target: Target, scale: Normaliser) -> Head:
    """The head for a kind of target; `scale` follows the labels of a regression."""
    if target == "regression":
        return RegressionHead(scale)
    return BinaryHead() if target == "binary" else MulticlassHead()
