"""Learning a batch, or leaving it out while learning is frozen; and what the guard is told of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.freeze import Limits
from models.freeze_facts import Facts
from models.protocol import Float32, ServableLearner
from schemas.commands import Command
from schemas.examples import Examples
from services.learner.labellers import told_by_labels
from services.learner.state import State

Weights = Mapping[str, NDArray[np.generic]]

_OF_INPUTS: Final = ("count_N", "mean_N", "spread_N", "deviation_N", "mean_H", "variance_H", "seen_V")
_OF_LABELS: Final = ("labels_VK", "seen_1", "labels_K", "label_scale", "recent_RK")
_MEASURED: Final = frozenset((*_OF_INPUTS, *_OF_LABELS))
"""Tensors of a model that are figures of what it read: they move with its scale, whatever is learned."""


@runtime_checkable
class Stepping(Protocol):
    """A learner that says how steep its last step was."""

    @property
    def gradient_norm(self) -> float:
        """Not finite if that step was left out."""
        ...


def obeyed(state: State, command: Command) -> State:
    """Freeze or thaw by hand; a thaw ends both kinds of freeze, until a new cause."""
    guard = state.guard
    if command.name == "thaw" and guard is not None:
        guard = guard.thawed()
    return replace(state, by_hand=command.reason if command.name == "freeze" else None, guard=guard)


def reasons_of(state: State) -> tuple[str, ...]:
    """Why learning stands still; empty while it goes on."""
    by_hand = () if state.by_hand is None else (f"by hand: {state.by_hand}",)
    return by_hand if state.guard is None else (*by_hand, *state.guard.reasons)


def learn(limits: Limits | None, state: State, batch: Examples, own_BK: Float32) -> State:
    """Learn a batch that the learner answered with `own_BK`, unless learning is frozen; judge whether it goes on.

    The state's learner learns in place.
    """
    frozen = bool(reasons_of(state))
    if limits is None or state.guard is None:
        if not frozen:
            state.learner.learn_many(batch.features_BF, batch.label_B)
        return state
    guard, facts = told_by_labels(limits, state.guard, state.holdout, batch)
    facts = replace(facts, finite=bool(np.isfinite(own_BK).all()))
    if not frozen:
        facts = _learned(limits, state.learner, batch, facts)
    return replace(state, guard=guard.after(limits, facts))


def _learned(limits: Limits, learner: ServableLearner, batch: Examples, facts: Facts) -> Facts:
    is_measured = math.isfinite(limits.moved)
    before = learner.answering.snapshot().tensors if is_measured else {}
    learner.learn_many(batch.features_BF, batch.label_B)
    moved = distance(before, learner.answering.snapshot().tensors) if is_measured else 0.0
    steep = learner.gradient_norm if isinstance(learner, Stepping) else 0.0
    return replace(facts, moved=moved, finite=facts.finite and math.isfinite(steep))


def distance(before: Weights, after: Weights) -> float:
    """Norm of the change of all weights; a tensor that has come or gone, or is of another shape, counts as nothing.

    So do running means and the like of what a model has read.

    Examples
    --------
    >>> before = {"w": np.zeros(2), "codes": np.arange(2), "normaliser.count_N": np.zeros(3)}
    >>> distance(before, before | {"w": np.array([3.0, 4.0]), "normaliser.count_N": np.full(3, 64.0)})
    5.0
    """
    names = [name for name in sorted(before.keys() & after.keys()) if name.rpartition(".")[2] not in _MEASURED]
    pairs = [(before[name], after[name]) for name in names]
    changes = [
        float(np.square(new.astype(np.float64) - old.astype(np.float64)).sum())
        for old, new in pairs
        if np.issubdtype(old.dtype, np.floating) and old.shape == new.shape
    ]
    return math.sqrt(sum(changes))
