"""How fast a learner goes: the schedule of its rate, and what it does when the stream has drifted."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer

from models.protocol import Json
from models.schedules import rate_factor
from schemas.pipeline_optimiser import CALM, CONSTANT, Optimiser


class Pace:
    """Counts examples, so that a learner brought back goes on at the same pace.

    Parameters
    ----------
    section : Optimiser
        Its rate, schedule and reaction.
    """

    def __init__(self, section: Optimiser) -> None:
        self._section = section
        self._age = 0
        # Before the first drift the last one is longer ago than anything asks.
        self._since_drift = max(section.reaction.cool_down, section.reaction.over)

    @property
    def is_constant(self) -> bool:
        """Whether the rate is always the same, so that there is nothing to set or save."""
        return self._section.schedule == CONSTANT and self._section.reaction == CALM

    @property
    def rate(self) -> float:
        """The rate of the next step."""
        reaction = self._section.reaction
        raised = reaction.raise_rate if self._since_drift < reaction.over else 1.0
        return self._section.rate * rate_factor(self._section.schedule, self._age) * raised

    def learned(self, rows: int) -> None:
        """Count what was learned."""
        self._age += rows
        self._since_drift += rows

    def drifted(self) -> bool:
        """Begin the schedule again if it may; true if the reaction is due, and not cooling down."""
        if self._section.schedule.restart == "drift":
            self._age = 0
        if self._section.reaction == CALM or self._since_drift < self._section.reaction.cool_down:
            return False
        self._since_drift = 0
        return True

    def manifest(self) -> Json:
        """The counts."""
        return {"age": self._age, "since_drift": self._since_drift}

    def restore(self, manifest: Json) -> None:
        """Take the counts back."""
        self._age, self._since_drift = int(manifest["age"]), int(manifest["since_drift"])


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Set the rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = rate


@torch.no_grad()
def forget_moments(optimiser: Optimizer, only: list[Tensor] | None = None) -> None:
    """Put an optimiser's memory of past gradients to zero, or that of some parameters: a warm restart."""
    for parameter, state in optimiser.state.items():
        if only is None or any(parameter is one for one in only):
            for value in state.values():
                if isinstance(value, Tensor):
                    value.zero_()


@torch.no_grad()
def reset(parameters: list[Tensor]) -> None:
    """Put parameters to zero, as the last layer of a network begins."""
    torch._foreach_zero_(parameters)
