"""Models, versions and checkpoints as a hostile store or disk gives them: a DataError, or what was written."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.checkpoint_folder import _MAGIC, _sound_payload
from models.assembly import pipeline_learner
from models.protocol import Snapshot
from models.snapshot import decode_model, encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.errors import ConfigurationError, DataError
from services.learner.plan import plan_of
from services.learner.state import decode_state, encode_state, first_state
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts

PIPELINE = contracts().pipeline
PLAN = plan_of(PIPELINE)
SMALL = encode_snapshot(Snapshot({"w": np.ones(2), "b": np.zeros(1, np.int64)}, {"a": [1], "b": {"c": "d"}}))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@cache
def model() -> bytes:
    learner = pipeline_learner(PIPELINE)
    return encode_model(learner.served(), PLAN.layout.names)[0]


@cache
def checkpoint() -> bytes:
    learner = pipeline_learner(PIPELINE)
    return encode_state(PLAN, first_state(PLAN, learner))


def with_manifest(blob: bytes, data: st.DataObject) -> bytes:
    """Sound tensors beside a manifest in which one value is another."""
    found = decode_snapshot(blob)
    manifest = json.loads(json.dumps(found.manifest))
    place = manifest
    while place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            if data.draw(st.booleans()):
                place[key] = data.draw(VALUES)
            else:
                del place[key]
            break
        place = place[key]
    return encode_snapshot(Snapshot(found.tensors, manifest))


@fuzzed
@given(hostile([SMALL]))
def test_snapshot(blob: bytes) -> None:
    with suppress(DataError):
        found = decode_snapshot(blob)
        assert isinstance(found.manifest, dict)


@fuzzed
@given(st.data())
def test_model(data: st.DataObject) -> None:
    blob = data.draw(hostile([model()])) if data.draw(st.booleans()) else with_manifest(model(), data)
    with suppress(DataError):
        decode_model(blob, None, PLAN.layout.names)


@fuzzed
@given(st.data())
def test_checkpoint(data: st.DataObject) -> None:
    blob = data.draw(hostile([checkpoint()])) if data.draw(st.booleans()) else with_manifest(checkpoint(), data)
    learner = pipeline_learner(PIPELINE)
    with suppress(DataError, ConfigurationError):
        decode_state(PLAN, learner, blob)


@pytest.mark.parametrize("size", ["hidden", "blocks", "embedding", "outputs"])
def test_model_that_asks_for_all_the_memory_there_is(size: str) -> None:
    found = decode_snapshot(model())
    manifest = json.loads(json.dumps(found.manifest))
    manifest["model"]["shape"][size] = 1 << 40
    with pytest.raises(DataError):
        decode_model(encode_snapshot(Snapshot(found.tensors, manifest)), None, PLAN.layout.names)


@fuzzed
@given(hostile([_MAGIC + bytes(40)]))
def test_checkpoint_file(content: bytes) -> None:
    assert _sound_payload(content) is None
