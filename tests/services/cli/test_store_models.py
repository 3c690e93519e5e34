"""Whatever the model store has lost, it is made again from what was announced, and is then as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.model_digest import digest_of
from adapters.model_store_memory import MemoryModelStore
from adapters.ports import ModelPointer
from schemas.errors import DataError, DependencyError
from schemas.versions import Version
from services.cli.store_models import ATTEMPTS, ModelsReport, rebuild_models


def announced(number: int, fate: str) -> Version:
    """A version that stands on the topic whole, thinned or refused."""
    blob = b"model %d" % number
    artefact = blob if fate == "whole" else b""
    return Version(number, digest_of(blob), fate != "refused", f'{{"number": {number}}}', artefact)


def publish(store: MemoryModelStore, versions: list[Version]) -> None:
    for version in versions:
        if version.published:
            store.publish(version.number, store.put(b"model %d" % version.number), version.manifest)


def state_of(store: MemoryModelStore) -> tuple[ModelPointer | None, dict[int, str | None], dict[str, bytes]]:
    return store.current(), {n: store.manifest(n) for n in store.numbers()}, dict(store._blobs)


@given(
    thinned=st.integers(0, 4),
    fates=st.lists(st.sampled_from(["whole", "whole", "refused"]), max_size=10),
    keep=st.integers(1, 6),
    lost=st.sets(st.integers(1, 14)),
    pointer_lost=st.booleans(),
    spoilt=st.sets(st.integers(1, 14)),
)
def test_a_store_that_lost_anything_is_whole_again(
    thinned: int, fates: list[str], keep: int, lost: set[int], pointer_lost: bool, spoilt: set[int]
) -> None:
    versions = [announced(i + 1, fate) for i, fate in enumerate(["thinned"] * thinned + fates)]
    whole, store = MemoryModelStore(), MemoryModelStore()
    for into in (whole, store):
        publish(into, versions)
        into.trim(keep)
    for version in versions:
        if version.number in lost:
            store._versions.pop(version.number, None)
            store._blobs.pop(version.digest, None)
        elif version.number in spoilt and version.digest in store._blobs:
            store._blobs[version.digest] = b"something else"
    store._current = None if pointer_lost else store._current
    before = state_of(store)
    newest_first = list(reversed(versions))

    looked = rebuild_models(newest_first, store, keep, check=True)
    assert state_of(store) == before, "looking changes nothing"
    found = rebuild_models(newest_first, store, keep)
    assert (found.restored, found.missing) == (looked.missing, ()), "it does what it said was missing"
    if found.whole:
        assert state_of(store) == state_of(whole)
    assert set(found.lost) <= set(range(1, thinned + 1)), "only of what the topic has thinned"
    again = rebuild_models(newest_first, store, keep)
    assert (again.restored, again.lost) == ((), found.lost), "doing it again changes nothing"


def test_the_newest_comes_first_and_no_more_is_read_than_is_kept() -> None:
    store, read = MemoryModelStore(), list[int]()

    def topic() -> Iterator[Version]:
        for number in range(9, 0, -1):
            read.append(number)
            yield announced(number, "whole")

    pointers = list[int]()
    found = rebuild_models(topic(), store, 3, tell=lambda _d, _w: pointers.append(store.current().number))  # type: ignore[union-attr]
    assert found == ModelsReport((), (9, 8, 7), (), (), 9)
    assert (read, pointers) == ([9, 8, 7], [9, 9, 9])


def test_a_topic_that_carries_another_artefact_than_it_says_gives_nothing_back() -> None:
    store = MemoryModelStore()
    wrong = Version(3, digest_of(b"model 3"), True, "{}", b"another model")
    found = rebuild_models([wrong, announced(2, "whole")], store, 2)
    assert (found.lost, found.restored, found.current, found.whole) == ((3,), (2,), 2, False)


def test_another_digest_under_a_number_is_not_overwritten() -> None:
    store = MemoryModelStore()
    store.publish(3, store.put(b"of another log"), "{}")
    with pytest.raises(DataError, match="Version 3 stands in the store with another digest"):
        rebuild_models([announced(3, "whole")], store, 2)


class Clearing(MemoryModelStore):
    """Loses what was put, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def put(self, blob: bytes) -> str:
        digest = super().put(blob)
        if self.times:
            self.times -= 1
            self._blobs.clear()
        return digest


def test_a_learner_that_clears_away_meanwhile_is_outlasted_but_not_for_ever() -> None:
    assert rebuild_models([announced(1, "whole")], Clearing(ATTEMPTS - 1), 2).restored == (1,)
    with pytest.raises(DependencyError, match="cleared away"):
        rebuild_models([announced(1, "whole")], Clearing(ATTEMPTS), 2)
