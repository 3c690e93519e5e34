"""A store that loses its data at any moment: what is served is right or says that it is not, and all comes back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack import StackAddresses
from adapters.memory_loop import run_job_in_memory
from adapters.ports import FeatureStore, Standing
from adapters.redis_client import connect
from schemas.errors import DependencyError
from schemas.feature_format import pack_header
from schemas.feature_read import WindowVectors, feature_query, window_vectors
from schemas.redis_keys import watermark_key
from stream_jobs.feature_windows.rebuild import rebuild_partition
from stream_jobs.feature_windows.windows import Windows
from tests.stream_jobs.feature_windows.stream import PANE, Shots, World, pipeline, random_events, world
from tests.stream_jobs.feature_windows.test_feature_windows import PAIRS, check_vectors
from tests.stream_jobs.feature_windows.window_reference import Event, reference_vector

HEADER = len(pack_header(0, 0))
MEMORY = (2 * 4 + 5) * PANE
"""The least that an entity is remembered after its last change."""


class Forgetful(Shots):
    """Loses everything, or goes back to a slightly earlier state as after a crash, before some of its operations.

    `taken` is what a reader could have found after each operation.
    """

    def __init__(self, rng: random.Random, losses: Sequence[int]) -> None:
        super().__init__()
        self._rng, self._losses, self._operations, self._since = rng, frozenset(losses), 0, 0

    def write(self, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int = 0) -> int:
        cut = self._rng.randint(0, len(keys))
        first = super().write(keys[:cut], values[:cut], keep_ms)
        self._turn()
        second = super().write(keys[cut:], values[cut:], keep_ms)
        self.taken.append(self.snapshot())
        return first + second

    def stand(self, key: bytes, mark: bytes) -> Standing:
        self._turn()
        return super().stand(key, mark)

    def advance(self, key: bytes, standing: Standing, mark: bytes, after_ms: int = 0) -> bool:
        self._turn()
        return super().advance(key, standing, mark, after_ms)

    def _turn(self) -> None:
        self._operations += 1
        if self._operations not in self._losses:
            return
        now = self.snapshot()
        recent = [held for held in self.taken[self._since :] if not _unburied(held, now)]
        if recent and self._rng.random() < 0.5:
            self.restart(self._rng.choice(recent))
        else:
            self.lose()
            self._since = len(self.taken)
        self.taken.append(self.snapshot())


def _unburied(held: dict[bytes, bytes], now: dict[bytes, bytes]) -> bool:
    """Whether going back would bring an entity back that has been let go of: nobody would write its end again."""
    return any(len(now.get(k, v)) == HEADER < len(v) for k, v in held.items())


def run_windows(w: World, rng: random.Random, store: FeatureStore, crashes: Sequence[int] = (), ticks: int = 2) -> None:
    job = Windows(w.contracts, store, slice_=rng.choice([1, 3, 100]))
    run_job_in_memory(job, w.broker, "windows", max_batch=16, rng=rng, crashes=crashes, ticks=ticks, tick_ms=500.0)


def rebuild(w: World, store: FeatureStore) -> int:
    logs = [w.broker.latest("w.windows-changelog.v1", p) for p in range(w.owners)]
    return sum(rebuild_partition(w.contracts, store, p, log.items()) for p, log in enumerate(logs))


def said(held: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """All that says something: neither watermarks, which name a life, nor entities that were let go of."""
    return {k: v for k, v in held.items() if b":w:w:" not in k and len(v) != HEADER}


@pytest.mark.parametrize("seed", range(16))
def test_what_is_served_is_right_and_all_comes_back_whenever_the_store_loses_its_data(seed: int) -> None:
    rng = random.Random(seed)
    panes, owners = rng.choice([3, 20, 60, 200]), rng.choice([1, 2])
    crashes, losses = rng.sample(range(30), 2), rng.sample(range(1, 40), 4)
    events = random_events(rng, rng.randint(10, 60), panes)
    w, plain = world(1, owners), world(1, owners)
    store = Forgetful(rng, losses)
    until = (panes + rng.choice([1, 5, 150])) * PANE
    for some in (w, plain):
        some.send_all(events, random.Random(seed), until)
        some.fan_out()
    run_windows(w, rng, store, crashes, ticks=120)
    plain.windows()
    for held in rng.sample(store.taken, min(5, len(store.taken))):
        check_what_is_called_ok(w, events, held, rng)
    held = store.snapshot()
    assert w.closed(held) == [until] * owners
    check_vectors(w, events, held, rng)
    ours, theirs = said(held), said(plain.store.snapshot())
    assert {k: v for k, v in ours.items() if k in theirs} == {k: v for k, v in theirs.items() if k in ours}
    fresh = Shots()
    rebuild(w, fresh)
    assert said(fresh.snapshot()).items() <= ours.items()


def check_what_is_called_ok(w: World, events: list[Event], held: dict[bytes, bytes], rng: random.Random) -> None:
    """At any moment, whatever the panes: a vector that is neither stale nor out of reach is the right one."""
    for _ in range(4):
        plane, place = rng.choice(PAIRS)
        time = rng.uniform(0, max(0.0, *w.closed(held), 10.0 * PANE))
        read = w.read(held, time, plane, place)
        if read.stale_B[0] or read.out_of_reach_B[0]:
            continue
        fields = {"plane": plane, "place": place}
        want = reference_vector(w.contracts.pipeline, w.contracts.layout, events, time, fields)
        np.testing.assert_array_equal(read.x_BW[0], want)


@given(seed=st.integers(0, 2**32), size=st.integers(1, 80), panes=st.sampled_from([3, 60, 200, 400]))
@settings(max_examples=25, deadline=None)
def test_the_changelog_alone_gives_the_same_bytes(seed: int, size: int, panes: int) -> None:
    rng = random.Random(seed)
    w = world(1, rng.choice([1, 2]))
    w.send_all(random_events(rng, size, panes), rng, until=(panes + rng.choice([1, 5, 40, 150])) * PANE)
    w.fan_out()
    w.windows(rng, rng.sample(range(20), 3))
    held = w.store.snapshot()
    before, closed = said(held), w.closed(held)
    w.store.lose()
    written = rebuild(w, w.store)
    after = said(w.store.snapshot())
    assert {k: v for k, v in before.items() if k in after} == after
    faded = [v for k, v in before.items() if k not in after]
    assert all(int.from_bytes(v[:8], "big") < max(closed) - MEMORY for v in faded), "of those nobody can ask any more"
    assert written == len(after)
    assert w.closed(w.store.snapshot()) == closed


def test_a_rebuild_beside_the_process_takes_nothing_back() -> None:
    rng = random.Random(4)
    w, events = world(1, 1), random_events(random.Random(4), 60, 60)
    w.send_all(events[:30], rng, until=events[30].time - 2500)
    w.fan_out()
    w.windows()
    old = w.broker.latest("w.windows-changelog.v1", 0)
    w.send_all(events[30:], rng, until=90.0 * PANE)
    w.fan_out()
    w.windows()
    before = w.store.snapshot()
    rebuild_partition(w.contracts, w.store, 0, old.items())
    assert before.items() <= w.store.snapshot().items()
    check_vectors(w, events, w.store.snapshot(), rng)


def test_a_store_that_is_flushed_again_and_again_ends_the_rebuild() -> None:
    w = world()
    w.send_all(random_events(random.Random(2), 30, 20), random.Random(2), 30_000)
    w.fan_out()
    w.windows()
    store = Forgetful(random.Random(1), range(1000))
    with pytest.raises(DependencyError, match="lost its data"):
        rebuild_partition(w.contracts, store, 0, w.broker.latest("w.windows-changelog.v1", 0).items())


@dataclass
class Cut:
    """A real Redis that is flushed before some of its operations."""

    store: RedisFeatureStore
    flush_at: frozenset[int]
    operations: int = 0

    def write(self, keys: Sequence[bytes], values: Sequence[bytes], keep_ms: int = 0) -> int:
        self._turn()
        return self.store.write(keys, values, keep_ms)

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return self.store.read(keys)

    def stand(self, key: bytes, mark: bytes) -> Standing:
        self._turn()
        return self.store.stand(key, mark)

    def advance(self, key: bytes, standing: Standing, mark: bytes, after_ms: int = 0) -> bool:
        self._turn()
        return self.store.advance(key, standing, mark, after_ms)

    def _turn(self) -> None:
        self.operations += 1
        if self.operations in self.flush_at:
            self.store._client.flushdb()


@pytest.mark.parametrize("seed", range(6))
def test_a_real_redis_flushed_between_any_two_steps_is_whole_again(stack: StackAddresses, seed: int) -> None:
    rng = random.Random(seed)
    w, plain = world(1, 2), world(1, 2)
    events = random_events(rng, 60, 60)
    for some in (w, plain):
        some.send_all(events, random.Random(seed), 90_000)
        some.fan_out()
    plain.windows()
    with closing(connect(stack.redis_url.removesuffix("/0") + "/7")) as client:
        client.flushdb()
        store = Cut(RedisFeatureStore(client), frozenset(rng.sample(range(1, 25), 5)))
        run_windows(w, rng, store, crashes=[3, 9], ticks=120)
        want = said(plain.store.snapshot())
        assert store.read(list(want)) == list(want.values())
        assert read(w, store, 90_000.0).watermark == 90_000
        client.delete(watermark_key("w", 1))
        left = read(w, store, 90_000.0)
        assert left.stale_B.all(), "the least of the partitions decides"
        assert np.isnan(left.x_BW).all()
        assert np.isnan(left.features_time_B).all()


def read(w: World, store: FeatureStore, time: float) -> WindowVectors:
    columns = {"request_time": np.array([time]), "plane": np.array([b"a"]), "place": np.array([b"x"])}
    query = feature_query(pipeline(w.owners), w.contracts.layout, columns)
    return window_vectors(query, store.read(query.keys))
