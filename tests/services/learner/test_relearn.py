"""Relearning the log gives the versions that the learner announced, as far as asked, and no further."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from models.determinism import make_deterministic
from schemas.contracts import Contracts
from services.learner.effects import Candidate
from services.learner.relearn import relearn
from tests.services.learner.rig import World, example_values, fill, small_contracts

make_deterministic()
ROWS = 150


def topics_with(contracts: Contracts) -> MemoryTopics:
    """A log of good and bad rows, with gaps."""
    topics, values = MemoryTopics(), example_values(contracts, ROWS)
    fill(topics, [*values[:50], b"rubbish", *values[50:], None])
    return topics


@pytest.mark.parametrize("kind", ["tabular_resnet", "contest", "river_logistic_regression"])
def test_what_the_learner_announced_comes_out_again(kind: str, tmp_path: Path) -> None:
    world = World(small_contracts(kind), tmp_path, topics_with(small_contracts(kind)))
    world.live()
    again = list(relearn(world.contracts, MemoryPartitionLog(world.topics)))
    assert [(v.number, v.digest.encode(), v.blob) for v in again] == world.versions()
    assert len(again) == ROWS // 32


@settings(max_examples=20)
@given(through=st.integers(0, 220))
def test_it_learns_through_the_offset_asked_for_and_no_further(through: int) -> None:
    contracts = small_contracts("river_logistic_regression")
    topics, told = topics_with(contracts), list[tuple[int, int]]()
    whole = list(relearn(contracts, MemoryPartitionLog(topics)))
    part = list(relearn(contracts, MemoryPartitionLog(topics), through, lambda *at: told.append(at)))
    assert part == [version for version in whole if version.last_offset <= through]
    end = min(through + 1, topics.log[-1][0] + 1)
    assert told[-1] == (end, end)
    assert told == sorted(told)


def test_who_stops_asking_saves_the_rest() -> None:
    contracts, told = small_contracts(), list[tuple[int, int]]()
    first = next(relearn(contracts, MemoryPartitionLog(topics_with(contracts)), tell=lambda *at: told.append(at)))
    assert isinstance(first, Candidate)
    assert first.number == 1
    assert not told


def test_an_empty_log_has_no_versions() -> None:
    assert not list(relearn(small_contracts(), MemoryPartitionLog(MemoryTopics())))
