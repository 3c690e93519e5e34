"""Killed between any two steps that the world can see, the learner still says everything once and the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.learner_log_memory import MemoryAnnouncer
from models.determinism import make_deterministic
from models.snapshot import decode_model
from schemas.contracts import Contracts
from schemas.errors import DataError, DependencyError, Fenced
from services.learner.delivery import MOST_WAITING
from tests.services.learner.mortal import Fate
from tests.services.learner.rig import World, example_values, fill, small_contracts

make_deterministic()
ROWS = 150


def bad_values(contracts: Contracts) -> list[bytes | None]:
    """Rows that cannot be learned from: no value, rubbish, a wrong width, a label that is none, a command."""
    (good,) = example_values(contracts, 1)
    part = contracts.decode([good], ("Example",)).part("Example")
    assert part is not None
    encode = contracts.codec("Example").encode
    narrow = encode({**part.columns, "features": np.zeros((1, 2), np.float32)})
    infinite = encode({**part.columns, "features": np.full((1, 3), np.inf, np.float32)})
    label = encode({**part.columns, "label": np.array([np.nan])})
    text = {name: np.array([b"dance"]) for name in ("command", "argument", "reason")}
    command = contracts.codec("Command").encode({"time": np.array([0.0]), **text})
    return [None, b"rubbish", *narrow, *infinite, *label, *command]


def new_world(tmp_path: Path, name: str) -> World:
    contracts = small_contracts()
    world = World(contracts, tmp_path / name)
    values: list[bytes | None] = list(example_values(contracts, ROWS))
    for i, bad in enumerate(bad_values(contracts)):
        values.insert(20 * (i + 1), bad)
    fill(world.topics, values)
    return world


def test_all_is_published_announced_and_refused_once(tmp_path: Path) -> None:
    world = new_world(tmp_path, "calm")
    world.live()
    versions = world.versions()
    assert [number for number, _, _ in versions] == [1, 2, 3, 4]
    assert world.store.numbers() == [1, 2, 3, 4]
    current = world.store.current()
    assert current is not None
    assert (current.number, current.digest.encode()) == versions[-1][:2]
    assert all(world.store.get(digest.decode()) == artefact for _, digest, artefact in versions)
    assert decode_model(versions[-1][2]).predict_many(np.zeros((2, 3), np.float32)).shape == (2, 1)
    assert len(set(world.letters())) == len(world.letters()) == 6
    for reason, count in {"no_value": 1, "too_short": 0, "bad_vector": 2, "bad_label": 1, "unusable": 1}.items():
        assert world.metrics.value("dead_letters_total", reason=reason) == count
    assert world.health.readiness.ok


def test_killed_anywhere_it_says_everything_once_and_the_same(tmp_path: Path) -> None:
    calm = new_world(tmp_path, "calm")
    fate = Fate()
    calm.live(fate)
    assert fate.steps > 20
    killed = set[str]()
    for at in range(1, fate.steps + 1):
        world = new_world(tmp_path, f"killed-{at}")
        killed.add(world.killed(Fate(at), seed=at))
        world.live(seed=at + 1000)
        assert world.versions() == calm.versions(), f"killed at step {at}"
        assert world.store.current() == calm.store.current()
        assert world.letters() == calm.letters()
        (*_, last) = sorted(world.folder.glob("*.checkpoint"))
        assert last.read_bytes() == sorted(calm.folder.glob("*.checkpoint"))[-1].read_bytes()
    assert killed >= set(fate.seen)


def test_killed_again_and_again_it_gets_there(tmp_path: Path) -> None:
    calm, world = new_world(tmp_path, "calm"), new_world(tmp_path, "unlucky")
    calm.live()
    random = np.random.default_rng(5)
    for life in range(12):
        world.killed(Fate(int(random.integers(2, 9))), seed=life)
    world.live()
    assert world.versions() == calm.versions()
    assert world.letters() == calm.letters()


def test_without_its_checkpoints_it_proves_what_it_announced_and_says_nothing_twice(tmp_path: Path) -> None:
    world = new_world(tmp_path, "lost")
    world.live()
    versions, letters = world.versions(), world.letters()
    for file in world.folder.glob("*.checkpoint"):
        file.unlink()
    world.live()
    assert (world.versions(), world.letters()) == (versions, letters)


def test_a_version_that_comes_out_otherwise_stops_it_and_both_digests_are_named(tmp_path: Path) -> None:
    world = new_world(tmp_path, "changed")
    world.live()
    for file in world.folder.glob("*.checkpoint"):
        file.unlink()
    (first,) = example_values(world.contracts, 1, seed=99)
    world.topics.log[0] = (world.topics.log[0][0], first)
    with pytest.raises(DataError, match=r"Version 1 comes out as [0-9a-f]{64}, but [0-9a-f]{64} was announced"):
        world.live()


def test_a_store_that_lost_all_gets_the_newest_version_back(tmp_path: Path) -> None:
    world = new_world(tmp_path, "wiped")
    world.live()
    pointer = world.store.current()
    world.store = type(world.store)()
    world.live()
    assert world.store.current() == pointer


def test_while_the_store_is_away_learning_goes_on_and_nothing_is_lost(tmp_path: Path) -> None:
    calm, world = new_world(tmp_path, "calm"), new_world(tmp_path, "away")
    calm.live()
    put, readiness = world.store.put, list[str]()

    def away(blob: bytes) -> str:
        raise DependencyError("Redis is away.")

    def turned() -> None:
        if world.health.readiness.why.startswith("versions wait"):
            readiness.append(world.health.readiness.why)
        if readiness and world.metrics.value("waiting_versions") >= 3:
            world.store.put = put  # type: ignore[method-assign]

    world.store.put = away  # type: ignore[method-assign]
    world.live(turned=turned, may_end=lambda: bool(readiness))
    world.store.put = put  # type: ignore[method-assign]
    assert readiness
    world.live()
    assert world.versions() == calm.versions()
    assert world.store.current() == calm.store.current()


def test_learning_pauses_when_too_many_versions_wait(tmp_path: Path) -> None:
    contracts = small_contracts()
    world = World(contracts, tmp_path / "long")
    fill(world.topics, list(example_values(contracts, 32 * (MOST_WAITING + 6))))
    put, turns = world.store.put, list[float]()

    def away(blob: bytes) -> str:
        raise DependencyError("Redis is away.")

    def turned() -> None:
        turns.append(world.metrics.value("waiting_versions"))
        if turns.count(max(turns)) > 8 and max(turns) >= MOST_WAITING:
            world.store.put = put  # type: ignore[method-assign]

    world.store.put = away  # type: ignore[method-assign]
    world.live(turned=turned)
    # A step that is begun is finished: one read may hold a few cadences.
    assert MOST_WAITING <= max(turns) <= MOST_WAITING + 2
    assert [number for number, _, _ in world.versions()] == list(range(1, MOST_WAITING + 7))


def test_a_zombie_says_nothing_more(tmp_path: Path) -> None:
    world = new_world(tmp_path, "zombie")
    calls = iter(range(1000))

    def turned() -> None:
        if next(calls) == 6:
            MemoryAnnouncer(world.topics, world.topic("versions"))

    with pytest.raises(Fenced):
        world.live(turned=turned)
