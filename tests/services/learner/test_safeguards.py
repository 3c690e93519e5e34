"""Safeguards act in the learner's own fold: it announces the same versions however often it is killed, and anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from models.determinism import make_deterministic
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline_file import parse_pipeline
from services.learner.relearn import relearn
from tests.services.learner.mortal import Fate
from tests.services.learner.rig import BETTER, SMALL, World, example_values, fill

make_deterministic()
ALL = """safeguards: {anchor: ANCHOR, ewc: {strength: 100}, synaptic_intelligence: {strength: 10},
    parent: {strength: 1}, distillation: {strength: 1}, a_gem: {rows: 8}, logit_replay: {strength: 1},
    ensemble: {members: 2, every: 48, eagerness: 0.1}}"""
PARTS = """, norm: batch, activation: prelu, dropout: 0.1,
  optimiser: {kind: sgd, l1: 0.001, sam_radius: 0.05, schedule: {kind: cosine, period: 90, restart: drift}}}"""
ROWS = 200
anchors = pytest.mark.parametrize("anchor", ["version", "concept", "40"])


def contracts_with(safeguards: str, gate: str = BETTER, parts: str = PARTS) -> Contracts:
    text = SMALL.replace("MODEL", "mlp").replace("embedding: 2}", "embedding: 2" + parts)
    text = text.replace("replay: {size", "replay: {kind: concept_balanced, size")
    return contracts_of(
        parse_pipeline(text.replace("keep_versions: 4", f"keep_versions: 4, {safeguards}") + gate, "x.yaml")
    )


def topics_with(contracts: Contracts) -> MemoryTopics:
    topics = MemoryTopics()
    fill(topics, example_values(contracts, ROWS))
    return topics


def digests(contracts: Contracts) -> list[str]:
    return [version.digest for version in relearn(contracts, MemoryPartitionLog(topics_with(contracts)))]


@anchors
def test_what_was_announced_between_crashes_comes_out_again(anchor: str, tmp_path: Path) -> None:
    contracts = contracts_with(ALL.replace("ANCHOR", anchor))
    world = World(contracts, tmp_path, topics_with(contracts))
    steps = [world.killed(Fate(at), seed=at) for at in (2, 5, 7, 9)]
    assert any(steps)
    world.live(seed=1)
    again = list(relearn(contracts, MemoryPartitionLog(world.topics)))
    assert [(v.number, v.digest.encode()) for v in again] == [version[:2] for version in world.versions()]
    assert len(again) >= ROWS // 32


def test_published_versions_are_anchors() -> None:
    """With an anchor at each version the weights go another way than with none, from the second version on."""
    free, held = (
        digests(contracts_with("safeguards: {}", "", PARTS.replace(", restart: drift", ""))),
        digests(contracts_with("safeguards: {parent: {strength: 10}}", "", PARTS.replace(", restart: drift", ""))),
    )
    assert free[0] == held[0]
    assert not set(free[1:]) & set(held[1:])
