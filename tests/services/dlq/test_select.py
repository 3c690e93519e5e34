"""Letters are chosen, counted and listed as said."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.dlq.core_select import Selection
from services.dlq.letter import Letter, Position
from services.dlq.survey import survey
from tests.services.dlq.rig import Rig, Unusable, topic

REASONS = ["bad_id", "bad_label", "bad_time"]
PROCESSES = ["label_join", "predictor"]
EVENTS = st.lists(
    st.builds(
        Unusable,
        role=st.sampled_from(["labels", "requests"]),
        reason=st.sampled_from(REASONS),
        process=st.sampled_from(PROCESSES),
        at=st.integers(0, 9).map(float),
        partition=st.integers(0, 2),
    ),
    max_size=15,
)
SELECTIONS = st.builds(
    Selection,
    reasons=st.frozensets(st.sampled_from(REASONS), max_size=2),
    topics=st.frozensets(st.sampled_from([topic("labels"), topic("requests")]), max_size=1),
    processes=st.frozensets(st.sampled_from(PROCESSES), max_size=1),
    since_ms=st.one_of(st.just(float("-inf")), st.integers(0, 9).map(float)),
    replayed=st.sampled_from([None, True, False]),
    positions=st.frozensets(st.builds(Position, st.integers(0, 3), st.integers(0, 15)), max_size=5),
)


def is_meant(selection: Selection, letter: Letter) -> bool:
    return (
        (not selection.reasons or letter.reason in selection.reasons)
        and (not selection.topics or letter.topic in selection.topics)
        and (not selection.processes or letter.process in selection.processes)
        and letter.at >= selection.since_ms
        and (selection.replayed is None or selection.replayed == (letter.times > 0))
        and (not selection.positions or letter.position in selection.positions)
    )


@given(EVENTS, EVENTS, SELECTIONS)
@settings(max_examples=40)
def test_exactly_the_letters_meant_are_chosen(
    first: list[Unusable], then: list[Unusable], selection: Selection
) -> None:
    rig = Rig()
    rig.bury(first)
    rig.replay()
    rig.bury(then)
    all_ = rig.letters()
    assert len(all_) == len(first) + len(then)
    assert rig.letters(selection) == [letter for letter in all_ if is_meant(selection, letter)]


@given(EVENTS, EVENTS, st.integers(0, 6))
@settings(max_examples=30)
def test_a_survey_counts_all_and_shows_the_newest(first: list[Unusable], then: list[Unusable], limit: int) -> None:
    rig = Rig()
    rig.bury(first)
    rig.replay()
    rig.bury(then)
    all_ = rig.letters()
    found = survey(rig.reader().letters(Selection()), limit)
    assert (found.letters, found.replayed) == (len(all_), len(first))
    newest = sorted(all_, key=lambda letter: (letter.at, letter.position), reverse=True)[:limit]
    assert [line.position for line in found.newest] == [str(letter.position) for letter in newest]
    frequency = [count.letters for count in found.counts]
    assert frequency == sorted(frequency, reverse=True)


def test_what_is_no_letter_is_counted_apart() -> None:
    rig = Rig()
    rig.bury([Unusable()])
    rig.broker.send(topic("dead-letters"), [b"nonsense"], partition=0)
    rig.replay()
    reader = rig.reader()
    assert survey(reader.letters(Selection()), 5).letters == 1
    assert reader.unreadable == 1
