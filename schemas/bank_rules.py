"""What waits for the concept bank to tell a new regime, and needs a pipeline that has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from schemas.pipeline_gate import BetterGate
from schemas.pipeline_optimiser import CALM

if TYPE_CHECKING:
    from schemas.pipeline import Pipeline

CURE: Final = "set `gate.policy` to better, with `gate.concepts.size` above 0"
_ANCHORED: Final = frozenset(("ewc", "synaptic_intelligence", "parent", "distillation"))


def has_bank(pipeline: Pipeline) -> bool:
    """Whether the gate tells regimes apart."""
    return isinstance(pipeline.gate, BetterGate) and pipeline.gate.concepts.size > 0


def bank_faults(pipeline: Pipeline) -> Iterator[str]:
    """Name what would wait for ever, as ``path: message``."""
    if has_bank(pipeline):
        return
    safeguards, optimiser = pipeline.learner.safeguards, pipeline.model.optimiser
    if safeguards.anchor == "concept" and _ANCHORED & set(safeguards.chosen):
        yield f"learner.safeguards.anchor: it is the concept bank that tells concepts apart: {CURE}, or take version"
    if optimiser.schedule.restart == "drift":
        yield f"model.optimiser.schedule.restart: it is the concept bank that tells of drift: {CURE}"
    if optimiser.reaction != CALM:
        yield f"model.optimiser.reaction: it is the concept bank that tells of drift: {CURE}; or use learner.reactions"
