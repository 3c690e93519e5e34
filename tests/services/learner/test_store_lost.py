"""The store loses all of its data while the learner runs: the current version is put back, and nothing else changes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from models.determinism import make_deterministic
from schemas.errors import DependencyError
from tests.services.learner.rig import World, example_values, fill, small_contracts

make_deterministic()
ROWS = 500


def new_world(folder: Path) -> World:
    world = World(small_contracts(), folder)
    fill(world.topics, list(example_values(world.contracts, ROWS)))
    return world


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = new_world(tmp_path_factory.mktemp("calm"))
    world.live()
    return world


def test_lost_at_any_moment_the_current_version_comes_back(calm: World, tmp_path: Path) -> None:
    for moment in range(0, 60, 4):
        world, calls = new_world(tmp_path / str(moment)), iter(range(10_000))

        def turned(world: World = world, calls: object = calls, moment: int = moment) -> None:
            if next(calls) == moment:  # type: ignore[call-overload]
                world.store.lose_all()

        world.live(turned=turned)
        world.live()
        assert world.store.current() == calm.store.current()
        assert world.versions() == calm.versions()


def test_lost_between_model_and_pointer_it_is_published_all_the_same(calm: World, tmp_path: Path) -> None:
    world = new_world(tmp_path)
    publish, lost = world.store.publish, list[int]()

    def losing(number: int, digest: str, manifest: str) -> bool:
        if not lost:
            lost.append(number)
            world.store.lose_all()
        return publish(number, digest, manifest)

    world.store.publish = losing  # type: ignore[method-assign]
    world.live()
    world.store.publish = publish  # type: ignore[method-assign]
    world.live()
    assert lost == [1]
    assert (world.versions(), world.store.current()) == (calm.versions(), calm.store.current())


def test_a_store_that_cannot_be_asked_does_not_stop_learning(calm: World, tmp_path: Path) -> None:
    world, asked = new_world(tmp_path), list[float]()
    current = world.store.current

    def away() -> None:
        asked.append(world.clock_s)
        raise DependencyError("Redis is away.")

    world.store.current = away  # type: ignore[method-assign]
    world.live()
    world.store.current = current  # type: ignore[method-assign]
    assert world.versions() == calm.versions()
    pauses = [b - a for a, b in pairwise(asked)]
    assert pauses == sorted(pauses), "it is asked ever more rarely"
