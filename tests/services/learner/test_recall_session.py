"""A recalled version goes through store and topic as any other, also when its blob had long been dropped."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from models.determinism import make_deterministic
from schemas.contracts import Contracts, contracts_of
from schemas.examples import Examples
from schemas.pipeline_file import parse_pipeline
from tests.services.learner.mortal import Fate
from tests.services.learner.rig import World, fill
from tests.services.learner.test_recall import TEXT, log_of, stretch

make_deterministic()
STAY = 1024


def contracts() -> Contracts:
    text = TEXT.replace("cadence: 256", "cadence: 128, keep_versions: 2, keep_artefacts: 2")
    return contracts_of(parse_pipeline(text.replace("checkpoint: 4096", "checkpoint: 512"), "turns.yaml"))


def encoded(whole: Contracts, log: Examples) -> list[bytes]:
    rows = len(log)
    return whole.codec("Example").encode(
        {
            "request_time": log.request_time_B,
            "label_time": log.label_time_B,
            "label": log.label_B,
            "digest": np.full(rows, bytes(32), "V32"),
            "output": log.output_BK,
            "features": log.features_BF,
            "version": log.version_B,
            "status": np.zeros(rows, np.uint8),
            "origin": np.zeros(rows, np.uint8),
            "partition": np.zeros(rows, np.int32),
            "prediction_offset": log.offset_B,
            "label_offset": log.offset_B,
            "request_id": np.array([b"r%d" % i for i in range(rows)]),
        }
    )


def new_world(folder: Path) -> World:
    world = World(contracts(), folder)
    turns = [stretch(STAY, turned, 0.0, place) for place, turned in enumerate((False, True, False))]
    fill(world.topics, encoded(world.contracts, log_of(*turns)))
    return world


def recalls(world: World) -> dict[int, int]:
    """Number of each version that was recalled, by the number it got then; of those that the store still names."""
    found = {n: json.loads(json.loads(world.store.manifest(n) or "{}")["gate"]) for n in world.store.numbers()}
    return {n: int(gate["scores"]["recalled"]) for n, gate in found.items() if gate["policy"] == "recall"}


def test_what_serves_in_the_end_is_what_was_dropped_before(tmp_path: Path) -> None:
    world = new_world(tmp_path / "calm")
    world.live()
    versions = {number: (digest.decode(), artefact) for number, digest, artefact in world.versions()}
    assert list(versions) == sorted(versions)
    ((number, old),) = recalls(world).items()
    digest, artefact = versions[number]
    assert digest == versions[old][0] == sha256(artefact).hexdigest()
    assert old not in world.store.numbers()
    assert old in world.thinned()
    assert world.store.get(digest) == artefact


@pytest.mark.parametrize("share", [0.35, 0.8, 0.95])
def test_killed_on_the_way_it_recalls_the_same(tmp_path: Path, share: float) -> None:
    calm, fate = new_world(tmp_path / "calm"), Fate()
    calm.live(fate)
    world = new_world(tmp_path / "killed")
    world.killed(Fate(int(share * fate.steps)), seed=1)
    world.live(seed=2)
    assert world.versions() == calm.versions()
    assert world.store.current() == calm.store.current()
    assert recalls(world) == recalls(calm)
