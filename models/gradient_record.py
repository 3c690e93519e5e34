"""What was seen of a network's gradients so far: one step in so many is looked at, which costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from torch import nn

from models.gradient_health import GradientHealth, gradient_health

LOOKED_AT: Final = 128
"""Every so many steps, and the first. A look takes a tenth of an update of the flights' network: 0.1 % of all."""


@dataclass(frozen=True, slots=True)
class GradientRecord:
    """Counts by layer, the matrices of a network. Of one life of the learner: nothing that is learned hangs on it.

    Attributes
    ----------
    looks : int
        Steps looked at.
    vanishing, exploding : Mapping of str to int
        Of these, how many had a layer's gradient vanish or explode, as `models.gradient_health` has it.
    last : GradientHealth or None
        Of the step looked at last.

    Examples
    --------
    >>> import torch
    >>> from models.gradient_health import gradient_health
    >>> well = {"second.weight": torch.ones(2, 2), "head.weight": torch.ones(1, 2)}
    >>> health = gradient_health({"first.weight": torch.full((2, 2), 1e-9), **well})
    >>> record = GradientRecord().after(health).after(health)
    >>> record.looks, record.vanishing, record.exploding, record.layers
    (2, {'first.weight': 2}, {}, ('first.weight', 'second.weight', 'head.weight'))
    """

    looks: int = 0
    vanishing: Mapping[str, int] = field(default_factory=dict)
    exploding: Mapping[str, int] = field(default_factory=dict)
    last: GradientHealth | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """Those seen in the last look."""
        return () if self.last is None else tuple(self.last.dead)

    def after(self, health: GradientHealth) -> GradientRecord:
        """Take in another look."""
        vanishing = _counted(self.vanishing, (name for name in health.vanishing if name in health.dead))
        exploding = _counted(self.exploding, (name for name in health.exploding if name in health.dead))
        return GradientRecord(self.looks + 1, vanishing, exploding, health)


class GradientWatch:
    """Looks at a network's gradients after a step, now and then. Changes nothing.

    Attributes
    ----------
    record : GradientRecord
        What was seen so far, in this life.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self.record = GradientRecord()

    def after_step(self, step: int) -> None:
        """Look, if it is this step's turn."""
        if is_looked_at(step):
            self.record = self.record.after(self.health())

    def health(self) -> GradientHealth:
        """Look at the last step's gradient, as it was used: with penalties, and clipped."""
        named = self._network.named_parameters()
        return gradient_health({name: p.grad for name, p in named if p.grad is not None})


def is_looked_at(step: int) -> bool:
    """Whether this step's gradient is looked at; they are counted from 1.

    Examples
    --------
    >>> [step for step in range(1, 300) if is_looked_at(step)]
    [1, 129, 257]
    """
    return step % LOOKED_AT == 1


def _counted(before: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    counts = dict(before)
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
