"""What cannot be used, or cannot be believed, is kept whole, and stops or times out nobody."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.memory_loop import run_job_in_memory
from models.event_clock import PERSISTS
from schemas.status import Status
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import (
    CHANGELOG,
    LABELS,
    PREDICTIONS,
    Answer,
    Event,
    Label,
    Progress,
    balanced,
    books,
    broker_of,
    encode_answers,
    encode_labels,
    examples,
    joined,
    letters,
    reasons,
    send,
    small_contracts,
)

YEAR = 365 * 86_400_000.0


def test_what_cannot_be_used_is_kept_whole_and_stops_nothing() -> None:
    contracts = small_contracts()
    broker = broker_of(contracts)
    wide = encode_answers(contracts, [Answer("wide", 1)], np.zeros((1, 5), np.float32))[0]
    nameless, timeless = encode_answers(contracts, [Answer("", 1), Answer("t", float("nan"))])
    bad_answers = [b"rubbish", None, wide, nameless, timeless]
    bad_labels = [b"", *encode_labels(contracts, [Label("a", float("inf")), Label("a", 5, 7.0), Label("", 5)])]
    broker.send(PREDICTIONS, [*bad_answers, *encode_answers(contracts, [Answer("a", 1)])], partition=0)
    headers = [((("from", b"x"),))] * len(bad_labels)
    broker.send(LABELS, bad_labels, [b"k"] * len(bad_labels), 0, headers)
    send(contracts, broker, labels=[Label("a", 5)])
    run_job_in_memory(LabelJoin(contracts), broker)
    assert len(examples(contracts, broker)) == 1
    found = letters(contracts, broker)
    assert sorted(letter["reason"].decode() for letter in found) == sorted(
        ["bad_magic", "no_value", "bad_vector", "bad_id", "bad_time", "too_short", "bad_time", "bad_label", "bad_id"]
    )
    assert [letter["value"] for letter in found if letter["topic"].endswith(b"labels.v1")] == bad_labels
    assert all(letter["headers"] == {"from": b"x"} for letter in found if letter["key"] == b"k")
    assert (books(contracts, broker)["labels_bad"], books(contracts, broker)["answers_bad"]) == (4, 5)
    assert balanced(books(contracts, broker))


def test_a_label_dated_far_ahead_times_nobody_out() -> None:
    contracts = small_contracts()
    answers = [Answer("a", 1000), Answer("b", 1000)]
    broker = joined(contracts, [*answers, Label("b", 1001), Label("a", 1000 + YEAR)], [Label("a", 1050)])
    assert sorted(example["request_id"] for example in examples(contracts, broker)) == [b"a", b"b"]
    assert reasons(contracts, broker) == ["clock_jump"]
    assert books(contracts, broker)["labels_bad"] == 1
    letter = letters(contracts, broker)[0]
    assert letter["value"] == encode_labels(contracts, [Label("a", 1000 + YEAR)])[0]
    assert b"label_time" in letter["detail"]


def test_labels_that_stay_ahead_and_a_promise_are_believed() -> None:
    contracts = small_contracts()
    many: list[Event] = [Label(f"x{i}", 1000 + YEAR) for i in range(PERSISTS)]
    broker = joined(contracts, [Answer("a", 1000), Label("x", 1000)], many[:7], many[7:])
    assert reasons(contracts, broker) == ["clock_jump"] * (PERSISTS - 1)
    assert books(contracts, broker)["answers_timed_out"] == 1
    broker = joined(contracts, [Answer("a", 1000), Label("x", 1000), Progress(1000 + YEAR)])
    assert books(contracts, broker)["answers_timed_out"] == 1


def test_an_answer_dated_far_ahead_is_not_waited_for_and_buries_no_label() -> None:
    contracts = small_contracts()
    ahead = Answer("far", 1000 + YEAR)
    broker = joined(contracts, [Answer("x", 1000), Label("a", 1001)], [ahead, Answer("b", 1002)], [Answer("a", 1000)])
    assert [example["request_id"] for example in examples(contracts, broker)] == [b"a"]
    assert [(x["reason"], x["offset"]) for x in letters(contracts, broker)] == [(b"clock_jump", 1)]
    assert books(contracts, broker)["answers_bad"] == 1
    broker = joined(contracts, [Answer("x", 1000), ahead], [Label("far", 1001), Answer("y", 1200)])
    assert reasons(contracts, broker) == ["clock_jump", "unknown_request"]


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -1e300, 1000 + YEAR])
def test_a_rejected_answer_with_an_impossible_time_is_no_prediction_and_no_letter(time: float) -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("x", 1000), Answer("a", time, Status.REJECTED)], [Label("a", 1001)])
    assert reasons(contracts, broker) == ["no_prediction"]
    assert books(contracts, broker)["answers_no_prediction"] == 1
    broker = joined(
        contracts, [Answer("x", 1000), Answer("a", time, Status.REJECTED)], [Progress(1e6)], [Progress(2e6)]
    )
    assert [key for key in broker.latest(CHANGELOG, 0) if key.startswith(b"finished")] == []


def test_an_orphan_is_kept_whole_though_it_waited() -> None:
    contracts = small_contracts()
    broker = broker_of(contracts)
    orphan = encode_labels(contracts, [Label("a", 5)])
    broker.send(LABELS, orphan, [b"other key"], 0, [(("h", b"1"), ("h", b"2"))])
    run_job_in_memory(LabelJoin(contracts), broker)
    send(contracts, broker, [Answer("b", 116)])
    run_job_in_memory(LabelJoin(contracts), broker)
    letter = letters(contracts, broker)[0]
    assert (letter["key"], letter["value"], letter["offset"]) == (b"other key", orphan[0], 0)
    assert letter["headers"] == {"h": b"1", "h#2": b"2"}
