"""What every feature store promises, over memory and a real Redis."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack import StackAddresses
from adapters.ports import FeatureStore, Standing
from adapters.redis_client import connect
from schemas.errors import DependencyError
from schemas.feature_format import pack_watermark, unpack_watermark
from tests.kafka_topics import await_true
from tests.redis_process import RedisProcess

_prefixes = (f"feature-store-{i}:".encode() for i in itertools.count())


@pytest.fixture(scope="module", params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[FeatureStore]:
    if request.param == "memory":
        yield MemoryFeatureStore()
        return
    client = connect(request.getfixturevalue("redis_url"))
    yield RedisFeatureStore(client)
    client.close()


@pytest.fixture(scope="module")
def redis_url(stack: StackAddresses) -> str:
    return stack.redis_url


def test_what_is_written_is_read_in_the_order_asked(store: FeatureStore) -> None:
    prefix = next(_prefixes)
    keys = [prefix + bytes([i]) for i in range(200)]
    values = [pack_watermark(i, 0) + b"\x00\xff" * i for i in range(200)]
    assert store.write(keys, values) == 200
    asked = [keys[7], prefix + b"nothing", keys[3], keys[7]]
    assert store.read(asked) == [values[7], None, values[3], values[7]]
    assert store.read([]) == []
    assert store.write([], []) == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**53), st.binary(max_size=3)), max_size=25))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_newest_time_wins_and_of_equal_times_the_last_write(
    store: FeatureStore, writes: list[tuple[int, int, bytes]]
) -> None:
    prefix, newest = next(_prefixes), dict[int, tuple[int, bytes]]()
    keys = [prefix + bytes([k]) for k, _, _ in writes]
    written = store.write(keys, [pack_watermark(t, 1) + tail for _, t, tail in writes])
    taken = 0
    for k, t, tail in writes:
        if k not in newest or t >= newest[k][0]:
            newest[k], taken = (t, tail), taken + 1
    assert written == taken
    for k, (t, tail) in newest.items():
        assert store.read([prefix + bytes([k])]) == [pack_watermark(t, 1) + tail]


def test_a_value_of_other_windows_gives_way_even_if_newer(store: FeatureStore) -> None:
    key = next(_prefixes)
    store.write([key], [pack_watermark(900, 1)])
    assert store.write([key], [pack_watermark(100, 2)]) == 1
    assert store.read([key]) == [pack_watermark(100, 2)]


def test_what_is_kept_for_a_while_goes_by_itself_and_till_then_refuses_what_is_older(store: FeatureStore) -> None:
    prefix = next(_prefixes)
    brief, long, followed = (prefix + name for name in (b"brief", b"long", b"followed"))
    store.write([brief, long, followed], [pack_watermark(5, 1) + b"entity"] * 3)
    header = pack_watermark(9, 1)
    assert store.write([brief], [header], keep_ms=20) == 1
    assert store.write([long, followed], [header] * 2, keep_ms=3_600_000) == 2
    assert store.write([long], [pack_watermark(8, 1)]) == 0
    assert store.write([followed], [pack_watermark(10, 1)], keep_ms=20) == 1
    assert store.write([followed], [pack_watermark(10, 1)]) == 1
    await_true(lambda: store.read([brief]) == [None])
    assert store.read([long, followed]) == [header, pack_watermark(10, 1)]
    assert store.write([brief], [pack_watermark(1, 1)]) == 1


def test_a_watermark_begins_at_nothing_and_is_moved_on_within_one_life(store: FeatureStore) -> None:
    key, ours, other = next(_prefixes), b"our life", b"no other"
    began = store.stand(key, pack_watermark(900, 1, ours))
    assert unpack_watermark(began.mark, 1) == -np.inf
    assert store.read([key]) == [began.mark]
    assert store.stand(key, pack_watermark(900, 1, other)) == began, "a life that has begun is joined"
    assert not store.advance(key, began, pack_watermark(500, 1, other)), "of another life"
    assert not store.advance(key, Standing(began.mark, b"another run"), pack_watermark(500, 1, ours))
    assert not store.advance(key, began, pack_watermark(500, 1, ours), after_ms=400), "it has not come so far"
    assert store.advance(key, began, pack_watermark(500, 1, ours))
    assert store.advance(key, began, pack_watermark(300, 1, ours), after_ms=200)
    assert store.read([key]) == [pack_watermark(500, 1, ours)], "it never goes back"
    assert store.advance(key, began, pack_watermark(700, 1, ours), after_ms=500)
    assert store.stand(key, pack_watermark(1, 1, other)).mark == pack_watermark(700, 1, ours)


def test_other_windows_begin_a_life_of_their_own(store: FeatureStore) -> None:
    key = next(_prefixes)
    before = store.stand(key, pack_watermark(1, 1, b"our life"))
    assert store.advance(key, before, pack_watermark(900, 1, b"our life"))
    assert store.stand(key, pack_watermark(5, 2, b"new life")).mark == pack_watermark(0, 2, b"new life")
    assert not store.advance(key, before, pack_watermark(950, 1, b"our life"))
    store.write([key], [b"no watermark"])
    assert store.stand(key, pack_watermark(5, 2, b"old life")).mark == pack_watermark(0, 2, b"old life")


def test_a_flushed_or_restarted_redis_takes_no_promise_of_before(tmp_path: Path) -> None:
    server, key = RedisProcess(tmp_path / "redis"), b"w"
    server.start()
    try:
        store = RedisFeatureStore(connect(server.url))
        before, mark = store.stand(key, pack_watermark(1, 1, b"our life")), pack_watermark(9, 1, b"our life")
        connect(server.url).flushall()
        assert not store.advance(key, before, mark)
        before = store.stand(key, pack_watermark(1, 1, b"our life"))
        connect(server.url).save()
        server.kill()
        server.start()
        store = RedisFeatureStore(connect(server.url))
        assert not store.advance(key, before, mark), "what was written last before the crash may be lost"
        assert store.advance(key, store.stand(key, mark), mark)
    finally:
        server.kill()


def test_the_memory_store_restarts_as_redis_does() -> None:
    store, mark = MemoryFeatureStore(), pack_watermark(9, 1, b"our life")
    before = store.stand(b"w", mark)
    store.restart(store.snapshot())
    assert not store.advance(b"w", before, mark)
    store.lose()
    assert store.snapshot() == {}


def test_a_batch_larger_than_a_pipeline_is_written_whole(store: FeatureStore) -> None:
    prefix = next(_prefixes)
    keys = [prefix + str(i).encode() for i in range(5000)]
    values = [pack_watermark(i, 0) + bytes(2000) for i in range(5000)]
    assert store.write(keys, values) == 5000
    assert store.read(keys) == values


def test_scripts_lost_by_redis_are_sent_again(redis_url: str) -> None:
    client, key = connect(redis_url), next(_prefixes)
    store = RedisFeatureStore(client)
    store.write([key], [pack_watermark(1, 0)])
    client.script_flush()
    assert store.write([key], [pack_watermark(2, 0)]) == 1


def test_redis_away_is_a_dependency_error() -> None:
    store = RedisFeatureStore(connect("redis://127.0.0.1:1/0"))
    with pytest.raises(DependencyError):
        store.read([b"k"])
    with pytest.raises(DependencyError):
        store.write([b"k"], [pack_watermark(1, 0)])
