"""What every model store promises, over memory and a real Redis."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.local_stack import StackAddresses
from adapters.model_store_memory import MemoryModelStore
from adapters.model_store_redis import RedisModelStore
from adapters.ports import ModelPointer, ModelStore
from adapters.redis_client import connect
from schemas.errors import DataError, DigestMismatch
from schemas.redis_keys import model_key

_pipelines = (f"model-store-{i}" for i in itertools.count())


@dataclass(frozen=True)
class Kind:
    """One implementation: how to make an empty store, and how to spoil a blob in it."""

    empty: Callable[[], ModelStore]
    spoil: Callable[[ModelStore, str, bytes], None]


def _spoil_memory(store: ModelStore, digest: str, blob: bytes) -> None:
    assert isinstance(store, MemoryModelStore)
    store._blobs[digest] = blob


@pytest.fixture(scope="module", params=["memory", "redis"])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    if request.param == "memory":
        yield Kind(MemoryModelStore, _spoil_memory)
        return
    stack: StackAddresses = request.getfixturevalue("stack")
    client = connect(stack.redis_url)

    def spoil(store: ModelStore, digest: str, blob: bytes) -> None:
        assert isinstance(store, RedisModelStore)
        client.set(model_key(store._pipeline, "blob", digest), blob)

    yield Kind(lambda: RedisModelStore(client, next(_pipelines)), spoil)
    client.close()


@pytest.fixture
def store(kind: Kind) -> ModelStore:
    return kind.empty()


def test_a_blob_comes_back_under_its_sha256(store: ModelStore) -> None:
    digest = store.put(b"weights")
    assert digest == sha256(b"weights").hexdigest()
    assert store.put(b"weights") == digest
    assert store.get(digest) == b"weights"


def test_a_missing_blob_is_an_error(store: ModelStore) -> None:
    with pytest.raises(DataError, match="No model"):
        store.get("0" * 64)


def test_a_changed_blob_is_found_out(kind: Kind) -> None:
    store = kind.empty()
    digest = store.put(b"weights")
    kind.spoil(store, digest, b"other weights")
    with pytest.raises(DigestMismatch, match="changed"):
        store.get(digest)
    assert store.get(store.put(b"weights")) == b"weights"


def test_publishing_moves_the_pointer(store: ModelStore) -> None:
    assert store.current() is None
    digest = store.put(b"a")
    assert store.publish(3, digest, '{"number": 3}')
    assert store.current() == ModelPointer(3, digest)
    assert store.manifest(3) == '{"number": 3}'
    assert store.manifest(4) is None
    assert store.numbers() == [3]


def test_a_version_without_its_blob_is_refused_whole(store: ModelStore) -> None:
    first = store.put(b"a")
    store.publish(1, first, "{}")
    with pytest.raises(DataError):
        store.publish(2, "f" * 64, "{}")
    assert (store.current(), store.numbers(), store.manifest(2)) == (ModelPointer(1, first), [1], None)


@pytest.mark.parametrize("number", [5, 4])
@pytest.mark.parametrize("blob", [b"a", b"b"])
def test_a_number_is_used_once_and_only_rises(store: ModelStore, number: int, blob: bytes) -> None:
    digest = store.put(b"a")
    assert store.publish(5, digest, "first")
    assert not store.publish(number, store.put(blob), "second")
    assert (store.current(), store.manifest(5), store.numbers()) == (ModelPointer(5, digest), "first", [5])


@pytest.mark.parametrize(("number", "digest"), [(0, "0" * 64), (2**53, "0" * 64), (1, "short"), (1, "G" * 64)])
def test_what_cannot_name_a_version_is_a_mistake(store: ModelStore, number: int, digest: str) -> None:
    with pytest.raises(ValueError, match=r"number|digest"):
        store.publish(number, digest, "{}")


def test_of_concurrent_publishers_of_one_number_one_wins(store: ModelStore) -> None:
    digests = [store.put(f"{i}".encode()) for i in range(16)]
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda i: store.publish(1, digests[i], str(i)), range(16)))
    winner = won.index(True)
    assert won.count(True) == 1
    assert store.current() == ModelPointer(1, digests[winner])
    assert store.manifest(1) == str(winner)


def test_concurrent_publishers_leave_a_pointer_that_only_rose(store: ModelStore) -> None:
    digests = {n: store.put(f"{n}".encode()) for n in range(1, 33)}
    seen: list[int] = []

    def publish(number: int) -> bool:
        won = store.publish(number, digests[number], "{}")
        pointer = store.current()
        assert pointer is not None
        assert store.get(pointer.digest) == f"{pointer.number}".encode()
        assert not won or pointer.number >= number
        seen.append(pointer.number)
        return won

    with ThreadPoolExecutor(8) as threads:
        won = [n for n, done in zip(digests, threads.map(publish, digests), strict=True) if done]
    assert store.numbers() == won
    assert store.current() == ModelPointer(max(won), digests[max(won)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([b"a", b"b", b"c"])), min_size=1, max_size=8),
    keep=st.integers(0, 4),
)
def test_trim_keeps_the_newest_the_current_and_their_blobs(
    kind: Kind, steps: list[tuple[int, bytes]], keep: int
) -> None:
    store, blobs, number = kind.empty(), {}, 0
    store.put(b"never named")
    for rise, blob in steps:
        number += rise
        store.publish(number, store.put(blob), str(number))
        blobs[number] = blob
    kept = sorted(blobs)[-max(1, keep) :]
    assert store.trim(keep) == len(blobs) - len(kept)
    assert store.numbers() == kept
    assert {n: store.manifest(n) for n in blobs} == {n: str(n) if n in kept else None for n in blobs}
    held = {blobs[n] for n in kept}
    for blob in (b"a", b"b", b"c", b"never named"):
        assert _holds(store, blob) == (blob in held)


def test_a_lost_version_comes_back_and_the_pointer_does_not_fall(store: ModelStore) -> None:
    newer, older = store.put(b"newer"), store.put(b"older")
    store.publish(7, newer, "seven")
    assert store.restore(4, older, "four")
    assert (store.current(), store.numbers()) == (ModelPointer(7, newer), [4, 7])
    assert (store.manifest(4), store.get(older)) == ("four", b"older")
    assert not store.restore(4, older, "four"), "it stands there already"
    assert store.restore(4, older, "another text"), "the manifest was not the one that was announced"
    assert store.manifest(4) == "another text"


def test_into_an_empty_store_the_pointer_rises_as_versions_come_back(store: ModelStore) -> None:
    digests = {number: store.put(b"%d" % number) for number in (3, 9, 5)}
    for number, digest in digests.items():
        assert store.restore(number, digest, "{}")
        pointer = store.current()
        assert pointer is not None
        assert store.get(pointer.digest) == b"%d" % pointer.number
    assert (store.current(), store.numbers()) == (ModelPointer(9, digests[9]), [3, 5, 9])
    assert store.publish(10, digests[3], "{}")
    assert not store.publish(10, digests[5], "{}")


def test_a_version_whose_blob_is_missing_does_not_come_back_at_all(store: ModelStore) -> None:
    with pytest.raises(DataError, match="No model"):
        store.restore(2, "f" * 64, "{}")
    assert (store.current(), store.numbers(), store.manifest(2)) == (None, [], None)


def test_a_number_that_is_taken_is_not_given_to_another_digest(store: ModelStore) -> None:
    mine, other = store.put(b"mine"), store.put(b"other")
    store.publish(2, mine, "mine")
    with pytest.raises(DataError, match="Version 2 stands in the store"):
        store.restore(2, other, "other")
    assert (store.current(), store.manifest(2)) == (ModelPointer(2, mine), "mine")
    with pytest.raises(ValueError, match="number"):
        store.restore(0, mine, "{}")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    last=st.integers(1, 6),
    lost=st.sets(st.integers(1, 6)),
    order=st.permutations(range(1, 7)),
    published=st.integers(0, 2),
)
def test_whatever_was_lost_and_in_whatever_order_it_comes_back_it_is_whole(
    kind: Kind, last: int, lost: set[int], order: list[int], published: int
) -> None:
    """A rebuilt store equals one that lost nothing, also if versions were published before it was rebuilt."""
    whole, store = kind.empty(), kind.empty()
    for number in range(1, last + 1):
        for into in (whole,) if number in lost else (whole, store):
            into.publish(number, into.put(b"%d" % number), str(number))
    for number in range(last + 1, last + 1 + published):
        for into in (whole, store):
            into.publish(number, into.put(b"%d" % number), str(number))
    for number in (n for n in order if n <= last):
        before = store.current()
        assert store.restore(number, store.put(b"%d" % number), str(number)) == (
            number in lost or before is None or before.number < number
        )
        after = store.current()
        assert after is not None
        assert after.number >= (before.number if before else 0)
    assert (store.current(), store.numbers()) == (whole.current(), whole.numbers())
    assert [store.manifest(n) for n in range(9)] == [whole.manifest(n) for n in range(9)]


def _holds(store: ModelStore, blob: bytes) -> bool:
    try:
        return store.get(sha256(blob).hexdigest()) == blob
    except DataError:
        return False
