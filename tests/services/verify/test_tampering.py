"""Whatever record is lost, doubled or changed, `verify` says so, and names it or what it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.whole_log import Spans, Stretch
from schemas.errors import LogCutShort
from schemas.records import Outgoing
from schemas.topics import Role
from services.verify.report import Fault, Report
from tests.services.verify.world import Beheaded, Place, Tampered, checked, resumed, world

EXAMPLES = settings(max_examples=6)
SHORT_LIVED: tuple[Role, ...] = ("requests", "predictions", "labels", "features", "panes")


def places(role: Role) -> st.SearchStrategy[Place]:
    return st.deferred(lambda: st.sampled_from(world().places(role)))


def full(place: Place) -> tuple[str, int, int]:
    role, partition, offset = place
    return world().topic(role), partition, offset


def offenders(report: Report, name: str) -> Sequence[Fault]:
    (equation,) = [e for e in report.equations if e.name == name]
    assert not equation.holds, str(report)
    return equation.faults


def at(fault: Fault) -> tuple[str, int, int] | None:
    return (fault.place.topic, fault.place.partition, fault.place.offset) if fault.place else None


def doubled(place: Place) -> Report:
    role, partition, offset = place
    copy = resumed(world())
    stored = copy.broker.records(copy.topic(role), partition)[offset]
    copy.broker.append(Outgoing(copy.topic(role), [stored.key], [stored.value], partition))
    return checked(copy)


def end_of(role: Role, partition: int) -> tuple[str, int, int]:
    topic = world().topic(role)
    return topic, partition, world().broker.end((topic, partition))


def test_what_the_jobs_left_is_in_order() -> None:
    found = world()
    report = checked(found, again=found.again)
    assert report.holds, str(report)
    numbers = {e.name: {t.name: t.count for t in e.terms} for e in report.equations}
    assert numbers["requests"] | {"stale": 0} == {
        "read": 166,
        "prior": 80,
        "stale": 0,
        "rejected": 2,
        "dead-lettered": 4,
    }
    assert numbers["labels"]["bad"] > 0
    assert numbers["labels"]["duplicates"] > 0
    assert numbers["labels"]["pending"] > 0
    assert numbers["features"]["dead-lettered"] > 0
    assert numbers["versions learned again"] == {"versions": 4}


@EXAMPLES
@given(places("predictions"))
def test_a_lost_answer(place: Place) -> None:
    report = checked(world(), Tampered(world(), frozenset({place})))
    (fault, *_) = offenders(report, "requests")
    assert (at(fault) or ("",))[0] == world().topic("requests")
    assert fault.id == world().id_at(place, "Prediction")


@EXAMPLES
@given(places("predictions"))
def test_an_answer_that_came_twice(place: Place) -> None:
    (fault, *_) = offenders(doubled(place), "requests")
    assert fault.id == world().id_at(place, "Prediction")
    assert at(fault) == end_of("predictions", place[1])


@EXAMPLES
@given(places("examples"))
def test_a_lost_example(place: Place) -> None:
    report = checked(world(), Tampered(world(), frozenset({place})))
    for name in ("predictions", "labels"):
        assert offenders(report, name)[0].id == world().id_at(place, "Example")


@EXAMPLES
@given(places("examples"))
def test_an_example_that_came_twice(place: Place) -> None:
    for name in ("predictions", "labels"):
        assert at(offenders(doubled(place), name)[0]) == end_of("examples", 0)


@EXAMPLES
@given(places("examples"), st.sampled_from(["features", "output", "label", "request_time", "version", "digest"]))
def test_an_example_that_is_not_what_was_served(place: Place, field: str) -> None:
    found = world()
    (part,) = found.contracts.decode([found.value(place)], ("Example",)).parts
    columns = {name: column.copy() for name, column in part.columns.items()}
    if field == "digest":
        columns[field] = np.full(1, bytes([9] * 32), "V32")
    else:
        columns[field].reshape(-1)[-1] = 12_345
    (value,) = found.contracts.codec("Example").encode(columns)
    report = checked(found, Tampered(found, other={place: value}))
    assert at(offenders(report, "examples as served")[0]) == full(place)


@EXAMPLES
@given(places("dead-letters"))
def test_a_lost_dead_letter(place: Place) -> None:
    found = world()
    (part,) = found.contracts.decode([found.value(place)], ("DeadLetter",)).parts
    source = (
        bytes(part.columns["topic"][0]).decode(),
        int(part.columns["partition"][0]),
        int(part.columns["offset"][0]),
    )
    report = checked(found, Tampered(found, frozenset({place})))
    broken = [e for e in report.equations if not e.holds]
    named = [at(fault) for e in broken for fault in e.faults]
    assert source in named or b"duplicate" in bytes(part.columns["reason"][0]), str(report)


@EXAMPLES
@given(places("dead-letters"))
def test_a_dead_letter_that_came_twice(place: Place) -> None:
    report = doubled(place)
    named = [at(fault) for e in report.equations for fault in e.faults]
    assert end_of("dead-letters", place[1]) in named, str(report)


@EXAMPLES
@given(places("labels"))
def test_a_label_that_is_not_there(place: Place) -> None:
    assert offenders(checked(world(), Tampered(world(), frozenset({place}))), "labels")


def was_folded(place: Place) -> bool:
    """Some events are no records, and some have no value: nothing comes of these, and nobody misses them."""
    found = world()
    parts = found.contracts.decode([found.value(place)], tuple(found.contracts.pipeline.events)).parts
    return any(not np.isnan(part.columns["amount"]).any() for part in parts)


@EXAMPLES
@given(places("features").filter(was_folded))
def test_an_event_that_was_folded_but_is_not_there(place: Place) -> None:
    found = world()
    report = checked(found, Tampered(found, frozenset({place})))
    assert offenders(report, "features")


@EXAMPLES
@given(places("panes"), st.booleans())
def test_pane_rows_lost_or_twice(place: Place, twice: bool) -> None:
    found = world()
    (part,) = found.contracts.decode([found.value(place)], ("Pane",)).parts
    report = doubled(place) if twice else checked(found, Tampered(found, frozenset({place})))
    if part.columns["rows"][0]:
        assert offenders(report, "features")[0].place
    else:
        assert report.holds, "a watermark is no event"


@settings(max_examples=4)
@given(places("versions"))
def test_a_version_lost_or_twice(place: Place) -> None:
    lost = checked(world(), Tampered(world(), frozenset({place})))
    newest = place == world().places("versions")[-1]
    assert lost.holds == newest, "the store may be ahead by a version that is being announced"
    assert at(offenders(doubled(place), "versions")[0]) == end_of("versions", 0)


@pytest.mark.parametrize("role", ["versions", "dead-letters", "panes"])
def test_a_record_of_ours_that_cannot_be_read(role: Role) -> None:
    place = world().places(role)[0]
    report = checked(world(), Tampered(world(), other={place: b"\0\x7f\xff\xff\xff"}))
    named = [at(fault) for e in report.equations for fault in e.faults]
    assert full(place) in named, str(report)


@settings(max_examples=20)
@given(st.dictionaries(st.sampled_from(SHORT_LIVED), st.integers(1, 60), min_size=1))
def test_what_retention_has_removed_is_said_and_not_missed(first: dict[Role, int]) -> None:
    report = checked(world(), Beheaded(world(), first))
    assert report.holds, str(report)
    if {"requests", "predictions"} & first.keys():
        assert "is gone" in report.equations[0].note


@pytest.mark.parametrize("times", [1, 2])
def test_a_log_that_retention_cuts_short_is_read_anew_from_where_it_begins_then(times: int) -> None:
    left = [times]

    class CutShort(Beheaded):
        def read(self, topic: str, spans: Spans, with_keys: bool = False) -> Iterator[Stretch]:
            if left[0] and topic == world().topic("predictions"):
                left[0] -= 1
                self._first[topic] = self._first.get(topic, 0) + 7
                raise LogCutShort("gone")
            return super().read(topic, spans, with_keys)

    report = checked(world(), CutShort(world(), {}))
    assert report.holds, str(report)
    assert "is gone" in report.equations[0].note


@EXAMPLES
@given(places("examples"))
def test_a_lost_example_is_found_though_retention_has_removed_labels(place: Place) -> None:
    found, gone = world(), dict.fromkeys(("labels", "predictions"), 5)
    (part,) = found.contracts.decode([found.value(place)], ("Example",)).parts

    class Both(Beheaded, Tampered):
        def __init__(self) -> None:
            Tampered.__init__(self, found, frozenset({place}))
            self._first = {found.topic(role): offset for role, offset in gone.items()}  # type: ignore[arg-type]

    equations = {e.name: e for e in checked(found, Both()).equations}
    for name, field in (("labels", "label_offset"), ("predictions", "prediction_offset")):
        assert equations[name].holds == (part.columns[field][0] < 5), str(equations[name])


@pytest.mark.parametrize("partition", [0, 1])
def test_books_that_were_not_kept(partition: int) -> None:
    """Offsets that were committed without the changelog: the state is older than what was read."""
    found = world()
    keys = [stored.key for stored in found.broker.records(found.topic("join-changelog"), partition)]
    last = max(i for i, key in enumerate(keys) if key == b"position")
    report = checked(found, Tampered(found, frozenset({("join-changelog", partition, last)})))
    assert any("state does not count it" in str(f) for f in offenders(report, "labels"))
