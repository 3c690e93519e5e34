"""The versions topic keeps the artefacts of the newest published versions, whatever befalls the learner."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.learner_ports import Announcement
from models.determinism import make_deterministic
from schemas.contracts import Contracts
from schemas.records import Outgoing
from schemas.versions import THINNED, VersionFields, encode_thinned, encode_version, manifest_of, read_version
from services.learner.shelf import MOST_AT_ONCE, Shelf
from tests.services.learner.mortal import Fate
from tests.services.learner.rig import World, example_values, fill, small_contracts

make_deterministic()
KEEP = "keep_versions: 2, keep_artefacts: 3"


def fields_of(number: int, published: bool) -> VersionFields:
    times = {"created_at": 1.7e12, "trained_through": 1.3e12}
    counts = {"parent": number - 1, "examples": 32 * number, "partition": 0, "first_offset": 0, "last_offset": 9}
    return {**times, **counts, "number": number, "published": published, "digest": "d", "gate": "{}", "scores": "{}"}


class Topic:
    """What a learner would have written, with no learner."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts, self.records = contracts, list[Announcement]()

    def write(self, outgoing: Outgoing) -> None:
        (key,), (value,) = outgoing.keys, outgoing.values
        assert key is not None
        assert value is not None
        self.records.append(Announcement(int(key), value, THINNED in (outgoing.headers or [()])[0]))

    def compact(self) -> None:
        newest = {a.number: place for place, a in enumerate(self.records)}
        self.records = [a for place, a in enumerate(self.records) if newest[a.number] == place]

    def shelf(self) -> Shelf:
        return Shelf(self.contracts, lambda: list(self.records))

    def kept(self) -> list[int]:
        latest = {a.number: read_version(self.contracts, a.value) for a in self.records}
        return sorted(number for number, version in latest.items() if version.artefact)


@settings(max_examples=60)
@given(
    admitted=st.lists(st.booleans(), max_size=30),
    restarts=st.sets(st.integers(0, 29)),
    compactions=st.sets(st.integers(0, 29)),
)
def test_artefacts_are_kept_of_the_newest_published_versions_over_restarts_and_compaction(
    admitted: list[bool], restarts: set[int], compactions: set[int]
) -> None:
    topic = Topic(small_contracts(keep=KEEP))
    shelf = topic.shelf()
    for place, published in enumerate(admitted):
        shelf = topic.shelf() if place in restarts else shelf
        fields = fields_of(place + 1, published)
        old = shelf.put(place + 1, manifest_of(fields)) if published else ()
        topic.write(encode_version(topic.contracts, fields, b"artefact" if published else b""))
        for manifest in old:
            topic.write(encode_thinned(topic.contracts, manifest))
        if place in compactions:
            topic.compact()
        assert topic.kept() == [n + 1 for n, published in enumerate(admitted[: place + 1]) if published][-3:]


def test_a_thinned_record_says_all_that_the_whole_one_said() -> None:
    contracts = small_contracts()
    (whole,), (thin,) = (
        encode_version(contracts, fields_of(7, True), b"artefact").values,
        encode_thinned(contracts, manifest_of(fields_of(7, True))).values,
    )
    first, second = read_version(contracts, whole), read_version(contracts, thin)
    assert (first.thinned, second.thinned) == (False, True)
    assert (first.number, first.digest, first.manifest) == (second.number, second.digest, second.manifest)
    assert not read_version(contracts, encode_version(contracts, fields_of(8, False), b"").values[0]).thinned


def test_after_keeping_fewer_is_asked_for_the_rest_goes_in_bounded_steps() -> None:
    topic = Topic(small_contracts(keep="keep_versions: 2, keep_artefacts: 2"))
    for number in range(1, 41):
        topic.write(encode_version(topic.contracts, fields_of(number, True), b"artefact"))
    shelf, gone = topic.shelf(), list[int]()
    for number in range(41, 45):
        old = shelf.put(number, manifest_of(fields_of(number, True)))
        gone.append(len(old))
    assert gone == [MOST_AT_ONCE, MOST_AT_ONCE, 40 + 3 - 2 - 2 * MOST_AT_ONCE, 1]


def new_world(folder: Path) -> World:
    world = World(small_contracts(keep=KEEP), folder)
    fill(world.topics, list(example_values(world.contracts, 32 * 5)))
    return world


def test_killed_anywhere_each_old_version_is_thinned_once_with_the_one_that_displaced_it(tmp_path: Path) -> None:
    fate = Fate()
    calm = new_world(tmp_path / "calm")
    calm.live(fate)
    assert (len(calm.versions()), calm.thinned(), calm.store.numbers()) == (5, [1, 2], [4, 5])
    for at in range(1, fate.steps + 1, 2):
        world = new_world(tmp_path / f"killed-{at}")
        step = world.killed(Fate(at), seed=at)
        world.live(seed=at + 1000)
        assert world.versions() == calm.versions(), f"killed {step}"
        assert world.thinned() == calm.thinned(), f"killed {step}"


def test_without_its_checkpoints_it_proves_thinned_versions_too(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.live()
    versions = world.versions()
    for file in world.folder.glob("*.checkpoint"):
        file.unlink()
    world.live()
    assert (world.versions(), world.thinned()) == (versions, [1, 2])
