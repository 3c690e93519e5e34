"""What a pipeline file says about learning."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from models.gate_loss import BoundedLoss
from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline, Target
from schemas.pipeline_gate import Gate

IDLE_KEYS: Final = frozenset({"checkpoint", "keep_versions", "keep_artefacts", "baselines"})
"""Keys of `learner` that may change without changing the weights."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts are of examples in the log.

    `fingerprint` stands for all that a state depends on: a checkpoint of another one does not fit.
    """

    batch: int
    cadence: int
    checkpoint: int
    score_window: int
    gate: Gate
    loss: BoundedLoss
    layout: Layout
    fingerprint: str


def plan_of(pipeline: Pipeline) -> Plan:
    """Read the plan from a pipeline file."""
    learner, layout = pipeline.learner, layout_of(pipeline)
    rules = learner.model_dump_json(exclude=set(IDLE_KEYS))
    parts = (rules, pipeline.model.model_dump_json(), pipeline.gate.model_dump_json(), repr(layout))
    fingerprint = sha256("\n".join(parts).encode()).hexdigest()
    return Plan(
        learner.batch,
        learner.cadence,
        learner.checkpoint,
        learner.score_window,
        pipeline.gate,
        loss_of(pipeline.target),
        layout,
        fingerprint,
    )


def loss_of(target: Target) -> BoundedLoss:
    """Loss by which candidates are compared: of a regression, in parts of the target's range."""
    low, high = target.range or (0.0, 1.0)
    return BoundedLoss(target.type, high - low)
