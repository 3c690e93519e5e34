"""What the sketches of the predictor carry besides histograms."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from models.drift.sample import merged, row_bytes
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline_drift import Drift
from schemas.topics import topic_name
from services.predictor.serving_model import Serving
from tests.services.predictor.job_world import DIGEST, World
from tests.services.predictor.world import NOON, answer_all, contracts, model, pipeline, requests, write_windows

IDS = [f"r{i}" for i in range(200)]


def sketches_of(world: World, **options: Any) -> dict[str, Any]:
    write_windows(world.store, world.contracts, NOON)
    _, broker = answer_all(world.job, world.contracts, requests(world.contracts, IDS), **options)
    values = [stored.value for stored in broker.records(topic_name("shop", "sketches"))]
    return dict(world.contracts.codec("Sketch").decode(values)[0].columns)


def sampling() -> Contracts:
    made = pipeline("binary")
    return contracts_of(made.model_copy(update={"drift": Drift.model_validate({"joint": {"rows": 64}})}))


@pytest.mark.parametrize("max_batch", [7, 50])
def test_the_sample_is_the_same_however_the_batches_are_cut_and_die(max_batch: int) -> None:
    known = sampling()
    width = known.layout.width
    calm = merged(64, width, *sketches_of(World(known))["sample"])
    assert len(calm) == 64 * row_bytes(width)
    cut = sketches_of(World(known), rng=random.Random(1), max_batch=max_batch, crashes={1, 4})
    assert merged(64, width, *cut["sample"]) == calm


def test_without_joint_tests_there_is_no_sample() -> None:
    assert {bytes(sample) for sample in sketches_of(World(contracts()))["sample"]} == {b""}


def test_they_say_which_version_answered_and_up_to_when_it_had_learned() -> None:
    world = World(contracts())
    world.models.serving = Serving(12, DIGEST, model(world.contracts.layout), trained_through=NOON - 1000.0)
    columns = sketches_of(world)
    assert (set(columns["version"].tolist()), set(columns["trained_through"].tolist())) == ({12}, {NOON - 1000.0})
    columns = sketches_of(World(contracts(), seed=None))
    assert not np.any(columns["version"] + columns["trained_through"])
