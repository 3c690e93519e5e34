"""What a pipeline file says about learning."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline
from schemas.pipeline_learning import Gate


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
    layout: Layout
    fingerprint: str


def plan_of(pipeline: Pipeline) -> Plan:
    """Read the plan from a pipeline file."""
    learner, layout = pipeline.learner, layout_of(pipeline)
    # What may change without changing the weights is left out: how often to checkpoint, how many versions to keep.
    rules = learner.model_dump_json(exclude={"checkpoint", "keep_versions", "keep_artefacts", "baselines"})
    parts = (rules, pipeline.model.model_dump_json(), pipeline.gate.model_dump_json(), repr(layout))
    fingerprint = sha256("\n".join(parts).encode()).hexdigest()
    return Plan(
        learner.batch, learner.cadence, learner.checkpoint, learner.score_window, pipeline.gate, layout, fingerprint
    )
