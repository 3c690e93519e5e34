"""What goes back goes back once and unchanged, whatever crashes; what must not, does not."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.partitioner import partition_of
from schemas.dead_letters import REASONS, REPLAY_HEADER
from schemas.errors import Fenced
from schemas.records import Headers
from schemas.topics import MAX_MESSAGE_BYTES, TOPICS, Role
from services.dlq import replaying
from services.dlq.core_replay import REFUSALS, judge, rules_of
from services.dlq.core_select import Selection
from services.dlq.replaying import plan
from tests.services.dlq.rig import CONTRACTS, PARTITIONS, Rig, Unusable, topic

Row = tuple[str, bytes | None, bytes | None, Headers]
OPEN: tuple[Role, ...] = ("requests", "features", "labels")
EVENTS = st.builds(
    Unusable,
    role=st.sampled_from([spec.role for spec in TOPICS if spec.role != "dead-letters"]),
    reason=st.sampled_from(sorted(REASONS)),
    key=st.binary(max_size=3),
    value=st.binary(min_size=1, max_size=5),
    headers=st.lists(st.tuples(st.sampled_from(["a", "a#2", REPLAY_HEADER]), st.binary(max_size=2)), max_size=3).map(
        tuple
    ),
    partition=st.integers(0, PARTITIONS - 1),
)
CRASHES = st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=4)


def promise() -> bytes:
    return b"\0" + CONTRACTS.codec("Progress").schema_id.to_bytes(4, "big") + bytes(8)


def goes_back(topic_: str, reason: str) -> bool:
    role = topic_.split(".")[1]
    return role in OPEN and (role, reason) != ("requests", "duplicate_request")


def stand_again(rig: Rig) -> Counter[Row]:
    """Each event that may go back, as it must then stand."""
    found: Counter[Row] = Counter()
    for letter in rig.letters():
        if goes_back(letter.topic, letter.reason):
            kept = tuple(h for h in letter.headers if h[0] != REPLAY_HEADER)
            value = None if letter.reason == "no_value" else letter.value
            found[letter.topic, letter.key or None, value, (*kept, (REPLAY_HEADER, letter.source.encode()))] += 1
    return found


def rows(rig: Rig) -> Counter[Row]:
    return Counter((topic(role), s.key, s.value, s.headers) for role in OPEN for s in rig.stored(role))


@given(st.lists(EVENTS, max_size=12), CRASHES)
@settings(max_examples=40)
def test_after_any_crashes_each_event_stands_again_exactly_once(
    events: list[Unusable], crashes: list[tuple[int, bool]]
) -> None:
    rig = Rig()
    rig.bury(events)
    before, wanted = rows(rig), stand_again(rig)
    for transactions, after_commit in crashes:
        rig.replay_until(transactions, after_commit, at_once=2)
    rig.replay(at_once=2)
    assert rows(rig) - before == wanted
    assert all((letter.times == 1) == goes_back(letter.topic, letter.reason) for letter in rig.letters())


@given(st.lists(st.binary(min_size=1, max_size=4), max_size=12))
def test_the_key_chooses_the_partition_as_with_an_application(keys: list[bytes]) -> None:
    rig = Rig()
    rig.bury([Unusable(key=key) for key in keys])
    rig.replay()
    for partition in range(PARTITIONS):
        replayed = [s for s in rig.broker.records(topic("labels"), partition) if s.headers]
        assert all(partition_of(s.key or b"", PARTITIONS) == partition for s in replayed)


@given(st.lists(EVENTS, max_size=12))
@settings(max_examples=40)
def test_a_plan_says_what_a_replay_does_and_a_second_replay_does_nothing(events: list[Unusable]) -> None:
    rig = Rig()
    rig.bury(events)
    planned = plan(CONTRACTS, rules_of(CONTRACTS, again=False), rig.reader().letters(Selection()))
    done = rig.replay()
    assert (done.events, done.already, done.refused) == (planned.events, planned.already, planned.refused)
    assert done.chosen == len(events)
    assert done.events.total() == sum(goes_back(topic(event.role), event.reason) for event in events)
    assert planned.bad_still.total() == done.events.total(), "none of these values is a record"
    again = rig.replay()
    assert (again.events.total(), again.already, again.transactions) == (0, done.events.total(), 0)
    assert again.refused == done.refused


def test_what_is_bad_again_is_a_letter_of_its_own_and_names_the_one_before() -> None:
    rig = Rig()
    rig.bury([Unusable(headers=(("a", b"1"), ("a", b"2")))])
    for generation in range(3):
        assert rig.replay().events.total() == 1
        stands = rig.stored("labels")[-1]
        assert stands.headers[:2] == (("a", b"1"), ("a", b"2"))
        assert len(stands.headers) == 3, "the header of a replay is not heaped up"
        rig.bury([Unusable(headers=stands.headers)])
        assert [letter.times for letter in rig.letters()].count(0) == 1, generation
        # The rig has put the bad event on its topic once more: a process would only have read it.


def test_letters_that_a_replay_causes_are_not_met_by_it() -> None:
    rig = Rig()
    rig.bury([Unusable(key=b"%d" % i) for i in range(5)])
    reader, door = rig.reader(), rig.door()
    rig.bury([Unusable(key=b"later")])
    done = replaying.replay(CONTRACTS, rules_of(CONTRACTS, False), reader.letters(Selection()), door, lambda: 1.0)
    assert done.events.total() == 5


def test_again_means_again_but_never_for_requests() -> None:
    rig = Rig()
    rig.bury([Unusable("labels"), Unusable("requests", "bad_id")])
    rig.replay()
    done = rig.replay(again=True)
    assert (done.events.total(), dict(done.refused)) == (1, {"request_again": 1})
    assert sorted(letter.times for letter in rig.letters()) == [1, 2]


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (Unusable("predictions", "clock_jump"), "answer"),
        (Unusable("panes", "late_event"), "late_pane"),
        (Unusable("examples", "bad_vector"), "learned_log"),
        (Unusable("sketches", "unusable"), "ours"),
        (Unusable("versions"), "ours"),
        (Unusable("requests", "duplicate_request"), "answered"),
        (Unusable("features", "bad_time", value=promise()), "promise"),
        (Unusable("labels", "trailing_bytes", value=bytes(MAX_MESSAGE_BYTES - 50)), "too_large"),
    ],
)
def test_what_cannot_go_back_is_refused_with_why(event: Unusable, refusal: str) -> None:
    rig = Rig()
    rig.bury([event])
    before = len(rig.stored(event.role))
    assert dict(rig.replay().refused) == {refusal: 1}
    assert len(rig.stored(event.role)) == before
    assert refusal in REFUSALS


def test_a_topic_of_no_pipeline_is_refused() -> None:
    rig = Rig()
    rig.bury([Unusable()])
    (letter,) = rig.letters()
    other = type(letter)(**{f: getattr(letter, f) for f in letter.__slots__} | {"topic": "other"})
    assert judge(rules_of(CONTRACTS, again=False), other) == "not_ours"


def test_an_event_without_a_key_stays_in_its_partition() -> None:
    rig = Rig()
    rig.bury([Unusable("features", "out_of_range", key=b"", partition=2)])
    rig.replay()
    assert [stored.key for stored in rig.broker.records(topic("features"), 2)] == [None, None]


def test_the_later_of_two_replays_fences_the_earlier() -> None:
    rig = Rig()
    rig.bury([Unusable()])
    earlier = rig.door()
    rig.replay()
    with pytest.raises(Fenced):
        earlier.write([], lambda _: [])
