"""What can be done to a network's learner from outside, when the stream has drifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor
from torch.optim import Optimizer

from models.pace import Pace, forget_moments, reset
from models.protocol import ServedModel
from schemas.pipeline_optimiser import Reaction
from schemas.pipeline_reaction import Action


class Steering:
    """Steers one learner.

    Parameters
    ----------
    pace, optimiser : Pace, Optimizer
        Of the learner.
    head : sequence of Tensor
        Parameters of its last layer.
    """

    def __init__(self, pace: Pace, optimiser: Optimizer, head: Sequence[Tensor]) -> None:
        self._pace, self._optimiser, self._head = pace, optimiser, list(head)

    def on_drift(self, reaction: Reaction) -> None:
        """Begin the schedule of the rate again, and react, as far as the pipeline file says so of the optimiser."""
        if not self._pace.drifted():
            return
        if reaction.forget_moments:
            forget_moments(self._optimiser)
        if reaction.reset_head:
            self.reset_head()

    def act(self, action: Action) -> None:
        """Do what an action says of the learner itself."""
        if action.warm_restart:
            self._pace.restart()
            forget_moments(self._optimiser)
        if action.reset_head:
            self.reset_head()
        if action.raise_rate is not None:
            self._pace.raise_rate(action.raise_rate.times, action.raise_rate.over)

    def reset_head(self) -> None:
        """Let the last layer begin again, and the optimiser's memory of it."""
        reset(self._head)
        forget_moments(self._optimiser, self._head)


@runtime_checkable
class Steered(Protocol):
    """A learner that can be steered."""

    @property
    def steering(self) -> Steering:
        """Of its present weights."""
        ...


@runtime_checkable
class Heir(Protocol):
    """A learner that can begin with the weights of a version instead of drawn ones."""

    def begin_from(self, model: ServedModel) -> None:
        """Take a version's weights, before anything was learned.

        Raises
        ------
        DataError
            The version is of another network.
        """
        ...
