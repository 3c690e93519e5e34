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
        self._raised, self._left = 1.0, 0

    @property
    def is_constant(self) -> bool:
        """Whether the rate is that of the pipeline file and will be, so that there is nothing to save."""
        return not self._left and not self._has_course

    @property
    def _has_course(self) -> bool:
        return self._section.schedule != CONSTANT or self._section.reaction != CALM

    @property
    def rate(self) -> float:
        """The rate of the next step."""
        if self.is_constant:
            return self._section.rate
        reaction = self._section.reaction
        raised = reaction.raise_rate if self._since_drift < reaction.over else 1.0
        asked = self._raised if self._left else 1.0
        return self._section.rate * rate_factor(self._section.schedule, self._age) * raised * asked

    def learned(self, rows: int) -> None:
        """Count what was learned."""
        self._age += rows
        self._since_drift += rows
        self._left = max(0, self._left - rows)

    def raise_rate(self, times: float, over: int) -> None:
        """Go so many times as fast for so many examples; a later word takes the place of an earlier one."""
        self._raised, self._left = times, over

    def restart(self) -> None:
        """Begin the schedule again."""
        self._age = 0

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
        course = {"age": self._age, "since_drift": self._since_drift} if self._has_course else {}
        return {**course, **({"raised": [self._raised, self._left]} if self._left else {})}

    def restore(self, manifest: Json) -> None:
        """Take the counts back."""
        if self._has_course:
            self._age, self._since_drift = int(manifest["age"]), int(manifest["since_drift"])
        raised, left = manifest.get("raised", (1.0, 0))
        self._raised, self._left = float(raised), int(left)


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
