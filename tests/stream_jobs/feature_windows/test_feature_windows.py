"""What is served equals a plain batch computation over the whole stream, bit for bit, however the stream was cut."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.feature_format import pack_header
from tests.stream_jobs.feature_windows.stream import PANE, SNAPSHOTS, World, random_events, world
from tests.stream_jobs.feature_windows.window_reference import Event, reference_vector

HEADER = len(pack_header(0, 0))
PAIRS = (("a", "x"), ("b", "y"), ("c", ""), ("unheard", "y"))


def check_vectors(w: World, events: list[Event], held: dict[bytes, bytes], rng: random.Random) -> None:
    """Compare vectors at every pane that all owners have closed and the snapshots of the furthest still reach."""
    closed = w.closed(held)
    if min(closed) == -np.inf:
        return
    for at in range(max(int(max(closed) // PANE) - SNAPSHOTS, 0), int(min(closed) // PANE) + 1):
        plane, place = rng.choice(PAIRS)
        time = at * PANE + rng.uniform(0, PANE - 1)
        read = w.read(held, time, plane, place)
        assert (read.features_time_B[0], read.stale_B[0], read.out_of_reach_B[0]) == (at * PANE, False, False)
        want = reference_vector(
            w.contracts.pipeline, w.contracts.layout, events, time, {"plane": plane, "place": place}
        )
        np.testing.assert_array_equal(read.x_BW[0].view(np.uint32), _same_nan(want).view(np.uint32))


def _same_nan(x: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(x), np.float32(np.nan), x)


@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 60),
    panes=st.sampled_from([3, 20, 60, 200]),
    sources=st.sampled_from([1, 3, 4]),
    owners=st.sampled_from([1, 2]),
    crashes=st.frozensets(st.integers(0, 30), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_served_vectors_equal_a_plain_batch_computation(
    seed: int, size: int, panes: int, sources: int, owners: int, crashes: frozenset[int]
) -> None:
    rng = random.Random(seed)
    events = random_events(rng, size, panes)
    w = world(sources, owners)
    until = (panes + rng.choice([1, 5, 150])) * PANE
    w.send_all(events, rng, until)
    w.fan_out(rng, sorted(crashes))
    w.windows(rng, sorted(crashes))
    assert w.letters() == []
    assert w.closed(w.store.snapshot()) == [until] * owners
    for held in [*rng.sample(w.store.taken, min(6, len(w.store.taken))), w.store.snapshot()]:
        check_vectors(w, events, held, rng)


@given(seed=st.integers(0, 2**32), size=st.integers(1, 80), panes=st.sampled_from([3, 20, 100]))
@settings(max_examples=25, deadline=None)
def test_the_bytes_in_the_store_depend_on_the_events_alone(seed: int, size: int, panes: int) -> None:
    rng = random.Random(seed)
    events = random_events(rng, size, panes)
    plain, other = world(1, 1), world(rng.choice([1, 3]), rng.choice([1, 3]))
    plain.send_all(events, rng, until=(panes + 30) * PANE)
    other.send_all(events, rng, until=(panes + 30) * PANE)
    plain.fan_out()
    plain.windows()
    other.fan_out(rng, rng.sample(range(20), 3))
    other.windows(rng, rng.sample(range(20), 5))
    ours, theirs = _values(plain), _values(other)
    # When an entity that says nothing any more is let go of depends on the batches; what is read of it does not.
    gone = {k for values in (ours, theirs) for k, v in values.items() if len(v) == HEADER}
    assert {k: v for k, v in ours.items() if k not in gone} == {k: v for k, v in theirs.items() if k not in gone}


def _values(w: World) -> dict[bytes, bytes]:
    return {k: v for k, v in w.store.snapshot().items() if not k.startswith(b"anabranch:w:w:")}


@pytest.mark.parametrize("at", [0.0, 4999.0])
def test_a_request_ahead_of_the_watermark_is_stale_and_one_far_behind_out_of_reach(at: float) -> None:
    w = world()
    rng = random.Random(1)
    w.send_all([Event("weather", t * 1000.0, {"place": "x", "wind": float(t)}) for t in range(40)], rng, 40_000)
    w.fan_out()
    w.windows()
    held = w.store.snapshot()
    assert w.read(held, 41_000.0, "a", "x").stale_B[0]
    assert not w.read(held, 40_999.0, "a", "x").stale_B[0]
    far = w.read(held, at, "a", "x")
    assert far.out_of_reach_B[0]
    assert not far.stale_B[0]


def test_before_anything_is_published_all_is_stale() -> None:
    read = world().read({}, 5000.0, "a", "x")
    assert read.stale_B[0]
    assert np.isnan(read.features_time_B[0])
