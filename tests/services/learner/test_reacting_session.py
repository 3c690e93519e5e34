"""With reactions and retraining in the log, a learner that is killed anywhere announces what one left alone does."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from adapters.checkpoint_folder import CheckpointFolder
from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from models.determinism import make_deterministic
from schemas.commands import Asked, DriftNotice, encode_command
from schemas.contracts import Contracts
from schemas.pipeline_reaction import Action
from services.learner.rebuilding import rebuild
from services.learner.relearn import relearn
from tests.services.learner.mortal import Fate
from tests.services.learner.reacting import reacting
from tests.services.learner.rig import World, example_values, fill, small_contracts

make_deterministic()
ROWS = 300
LAST = {"retrain": {"how": "incremental", "last": 96, "trial": 64}}


def commands(contracts: Contracts) -> dict[int, bytes]:
    """By the example before which they stand; the drift is told twice."""
    drift = DriftNotice(id="labels:1:concept", kind="concept")
    told = encode_command(contracts, "drift", "", 1.0, drift)
    by_hand = encode_command(contracts, "react", "why not", 1.0, Asked(id="1", do=Action.model_validate(LAST)))
    return {60: told, 75: told, 190: by_hand, 191: by_hand}


def topics_with(contracts: Contracts) -> MemoryTopics:
    topics, values, told = MemoryTopics(), list[bytes | None](), commands(contracts)
    for place, value in enumerate(example_values(contracts, ROWS)):
        values += [*([told[place]] if place in told else []), value]
    fill(topics, [*values[:50], b"rubbish", *values[50:], None])
    return topics


@pytest.fixture
def undisturbed(tmp_path: Path) -> World:
    world = World(reacting(), tmp_path / "undisturbed", topics_with(reacting()))
    world.live()
    return world


def test_it_reacts_and_says_so(undisturbed: World) -> None:
    for action in ("reset_head", "raise_rate", "warm_restart", "retrain"):
        assert undisturbed.metrics.value("reactions_total", action=action) >= 1


@pytest.mark.parametrize("every", [7, 11])
def test_killed_again_and_again_it_announces_the_same(every: int, tmp_path: Path, undisturbed: World) -> None:
    world = World(reacting(), tmp_path / "killed", topics_with(reacting()))
    for life in count():
        assert life < 100
        if not world.killed(Fate(at=every), seed=life):
            break
    assert life > 2
    assert world.versions() == undisturbed.versions()


def test_relearning_gives_the_same_versions(undisturbed: World) -> None:
    again = list(relearn(undisturbed.contracts, MemoryPartitionLog(undisturbed.topics)))
    assert [(v.number, v.digest.encode(), v.blob if v.decision.admitted else b"") for v in again] == [
        (number, digest, blob) for number, digest, blob in undisturbed.versions()
    ]
    assert any(version.is_challenger for version in again)


def test_a_retrained_version_is_made_again_from_its_offsets(undisturbed: World) -> None:
    log = MemoryPartitionLog(undisturbed.topics)
    (first, *_) = [version for version in relearn(undisturbed.contracts, log) if version.is_challenger]
    announced = {"number": first.number, "digest": first.digest, "last_offset": first.last_offset}
    assert rebuild(undisturbed.contracts, log, announced, log.end().first, lambda _next, _end: None) == first


def test_told_to_stop_in_the_midst_of_retraining_it_keeps_nothing_of_it_and_begins_it_anew(tmp_path: Path) -> None:
    contracts = small_contracts()
    values, action = example_values(contracts, 400), Action.model_validate({"retrain": {"passes": 3}})
    told = encode_command(contracts, "react", "now", 1.0, Asked(id="1", do=action))
    world = World(contracts, tmp_path)
    world.topics.append(*values[:150], told, *values[150:160])
    # The log is read to its end, and so told to stop, before the retraining begins.
    world.live()
    assert [number for number, *_ in world.versions()] == [1, 2, 3, 4]
    kept = CheckpointFolder(tmp_path).load(lambda _file: None)
    assert kept is not None
    assert kept.offset <= 150
    world.topics.append(*values[160:])
    world.live()
    again = list(relearn(contracts, MemoryPartitionLog(world.topics)))
    assert [(v.number, v.digest.encode(), v.blob) for v in again] == world.versions()
    assert [version.examples for version in again if version.is_challenger] == [152]
