"""What the join does with labels and answers, seen from its topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from adapters.ports import Batch
from models.event_clock import PERSISTS
from schemas.contracts import Contracts
from schemas.status import Status
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import (
    CHANGELOG,
    LABELS,
    PREDICTIONS,
    SKETCHES,
    Answer,
    Label,
    Progress,
    balanced,
    books,
    broker_of,
    encode_answers,
    encode_labels,
    examples,
    letters,
    rows,
    small_contracts,
)

Event = Answer | Label | Progress
YEAR = 365 * 86_400_000.0


def joined(contracts: Contracts, *turns: Sequence[Event]) -> MemoryBroker:
    """Run the join to the end after each turn's events have been sent."""
    broker = broker_of(contracts)
    for events in turns:
        broker.send(PREDICTIONS, encode_answers(contracts, [e for e in events if isinstance(e, Answer)]), partition=0)
        broker.send(LABELS, encode_labels(contracts, [e for e in events if not isinstance(e, Answer)]), partition=0)
        run_job_in_memory(LabelJoin(contracts), broker)
        assert balanced(books(contracts, broker))
    return broker


def reasons(contracts: Contracts, broker: MemoryBroker) -> list[str]:
    return [letter["reason"].decode() for letter in letters(contracts, broker)]


@pytest.mark.parametrize(("after", "reason"), [(-10, "early_label"), (-9, ""), (0, ""), (99, ""), (100, "late_label")])
def test_both_bounds_are_excluded(after: float, reason: str) -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("a", 1000), Label("a", 1000 + after)])
    assert (len(examples(contracts, broker)), reasons(contracts, broker)) == ((0, [reason]) if reason else (1, []))


def test_a_label_at_the_time_of_its_request_needs_no_early() -> None:
    contracts = small_contracts(early=0)
    broker = joined(contracts, [Label("a", 1000), Label("b", 999)], [Answer("a", 1000), Answer("b", 1000)])
    assert [example["request_id"] for example in examples(contracts, broker)] == [b"a"]


def test_an_example_carries_what_was_served_bit_for_bit() -> None:
    contracts = small_contracts()
    x_B2 = np.array([[1, np.nan], [2, 0.1], [3, -0.0]], np.float32)
    answers = [Answer("a", 1), Answer("b", 2, Status.DEGRADED), Answer("c", 3)]
    broker = broker_of(contracts)
    broker.send(PREDICTIONS, encode_answers(contracts, answers, x_B2), partition=0)
    broker.send(LABELS, encode_labels(contracts, [Progress(1), Label("b", 5, 0.0)]), partition=0)
    run_job_in_memory(LabelJoin(contracts), broker)
    example = examples(contracts, broker)[0]
    assert example["features"].tobytes() == x_B2[1].tobytes()
    assert (example["output"].tolist(), example["version"], bytes(example["digest"])) == ([0.5], 1, b"\x02" * 32)
    assert (example["request_time"], example["label_time"], example["label"]) == (2, 5, 0)
    assert (example["status"], example["origin"]) == (Status.DEGRADED, 0)
    assert (example["partition"], example["prediction_offset"], example["label_offset"]) == (0, 1, 1)
    assert broker.records("small.examples.v1")[0].key == b"b"


def test_a_label_waits_for_its_answer_until_the_predictions_are_past_it() -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Label("a", 1000), Label("b", 1000)], [Answer("x", 1110)], [Answer("a", 1001)])
    assert len(examples(contracts, broker)) == 1
    assert reasons(contracts, broker) == []
    broker = joined(contracts, [Label("a", 1000)], [Answer("x", 1110.1)], [Answer("a", 1001)])
    assert reasons(contracts, broker) == ["unknown_request"]


def test_an_answer_times_out_when_the_labels_are_wait_past_it() -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("a", 1000), Progress(1099.9)], [Progress(1100)], [Label("a", 1050)])
    assert books(contracts, broker)["answers_timed_out"] == 1
    assert reasons(contracts, broker) == ["late_label"]
    assert examples(contracts, broker) == []


def test_a_label_read_after_the_watermark_is_late_even_in_the_same_batch() -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("a", 1000), Progress(1100), Label("a", 1050)])
    assert reasons(contracts, broker) == ["late_label"]


def test_the_default_label_is_given_on_timeout() -> None:
    contracts = small_contracts(on_timeout="default", default=0.0)
    broker = joined(contracts, [Answer("a", 1000), Answer("b", 1001), Label("b", 1050), Progress(1100)])
    found = [
        (e["request_id"], e["label"], e["label_time"], e["origin"], e["label_offset"])
        for e in examples(contracts, broker)
    ]
    assert found == [(b"b", 1, 1050, 0, 0), (b"a", 0, 1100, 1, -1)]
    assert books(contracts, broker)["answers_defaulted"] == 1


@pytest.mark.parametrize("status", [Status.REJECTED, Status.EXPIRED, Status.ERROR])
def test_an_answer_that_is_no_prediction_never_waits(status: Status) -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Label("a", 1001)], [Answer("a", 1000, status), Answer("b", 1000)], [Label("a", 1002)])
    assert reasons(contracts, broker) == ["no_prediction"] * 2
    assert books(contracts, broker)["answers_no_prediction"] == 1


def test_a_second_answer_is_dropped_and_counted() -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("a", 1000), Answer("a", 1000)], [Label("a", 1001)], [Answer("a", 1000)])
    assert reasons(contracts, broker) == ["duplicate_answer"] * 2
    assert [letter["offset"] for letter in letters(contracts, broker)] == [1, 2]
    assert [example["prediction_offset"] for example in examples(contracts, broker)] == [0]


def test_the_earliest_label_is_joined_and_the_others_are_kept() -> None:
    contracts = small_contracts()
    turns: list[list[Event]] = [[Answer("a", 1000), Label("a", 1005, 1), Label("a", 1003, 0)], [Label("a", 1006, 1)]]
    broker = joined(contracts, *turns)
    assert [example["label"] for example in examples(contracts, broker)] == [1]
    assert reasons(contracts, broker) == ["contradictory_label", "duplicate_label"]


def test_labels_settle_before_the_latest_is_believed() -> None:
    contracts = small_contracts(conflict="latest", settle=20)
    labels: list[Event] = [Label("a", 1005, 1), Label("a", 1010, 0), Progress(1024.9)]
    broker = joined(contracts, [Answer("a", 1000), *labels])
    assert (examples(contracts, broker), books(contracts, broker)["labels_held"]) == ([], 2)
    broker = joined(contracts, [Answer("a", 1000), *labels], [Progress(1025), Label("a", 1012, 1)])
    assert [example["label_offset"] for example in examples(contracts, broker)] == [1]
    assert reasons(contracts, broker) == ["contradictory_label"] * 2


def test_settling_ends_with_the_wait() -> None:
    contracts = small_contracts(conflict="latest", settle=1000)
    broker = joined(contracts, [Answer("a", 1000), Label("a", 1005, 0)], [Progress(1100)])
    assert [example["label"] for example in examples(contracts, broker)] == [0]


def test_the_majority_of_labellers_is_believed() -> None:
    contracts = small_contracts(conflict="majority", settle=20)
    votes = [
        Label("a", 1001, 1, "ann"),
        Label("a", 1002, 0, "bob"),
        Label("a", 1003, 0, "eve"),
        Label("a", 1004, 1, "ann"),
    ]
    broker = joined(contracts, [Answer("a", 1000), *votes], [Progress(1050)])
    assert [(example["label"], example["label_offset"]) for example in examples(contracts, broker)] == [(0, 1)]
    assert sorted(reasons(contracts, broker)) == ["contradictory_label"] * 2 + ["duplicate_label"]


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
    broker.send(LABELS, encode_labels(contracts, [Label("a", 5)]), partition=0)
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
    broker.send(PREDICTIONS, encode_answers(contracts, [Answer("b", 116)]), partition=0)
    run_job_in_memory(LabelJoin(contracts), broker)
    letter = letters(contracts, broker)[0]
    assert (letter["key"], letter["value"], letter["offset"]) == (b"other key", orphan[0], 0)
    assert letter["headers"] == {"h": b"1", "h#2": b"2"}


def test_an_idle_input_does_not_hold_the_other_back() -> None:
    contracts = small_contracts()
    broker = broker_of(contracts)
    broker.send(PREDICTIONS, encode_answers(contracts, [Answer("a", 1000), Answer("b", 1100)]), partition=0)
    run_job_in_memory(LabelJoin(contracts), broker)
    assert books(contracts, broker)["answers_timed_out"] == 0
    run_job_in_memory(LabelJoin(contracts), broker, tick_ms=5000)
    assert books(contracts, broker)["answers_timed_out"] == 1
    broker.send(LABELS, encode_labels(contracts, [Label("x", 1101), Label("y", 1211)]), partition=0)
    run_job_in_memory(LabelJoin(contracts), broker)
    assert books(contracts, broker)["labels_held"] == 2
    run_job_in_memory(LabelJoin(contracts), broker, tick_ms=5000)
    assert (books(contracts, broker)["labels_held"], reasons(contracts, broker)) == (2, [])
    broker.send(LABELS, encode_labels(contracts, [Progress(1212)]), partition=0)
    run_job_in_memory(LabelJoin(contracts), broker, tick_ms=5000)
    assert (books(contracts, broker)["labels_held"], reasons(contracts, broker)) == (1, ["unknown_request"])


def test_finished_ids_are_forgotten_in_time_and_leave_nothing_behind() -> None:
    contracts = small_contracts(remember=1000)
    answers = [Answer("a", 1000), Answer("b", 1000)]
    broker = joined(contracts, [*answers, Label("a", 1001), Progress(2099)], [Label("a", 1500)])
    assert reasons(contracts, broker) == ["duplicate_label"]
    broker = joined(contracts, [*answers, Label("a", 1001), Progress(2100)], [Label("a", 2100), Answer("z", 9000)])
    assert reasons(contracts, broker) == ["unknown_request"]
    assert set(broker.latest(CHANGELOG, 0)) == {b"position", b"answer/2"}


def test_a_pair_of_one_batch_leaves_neither_half_in_the_changelog() -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("a", 1000), Label("a", 1001)])
    assert [stored.key for stored in broker.records(CHANGELOG)] == [b"finished/0", b"position"]


def test_labels_and_outputs_are_sketched_by_window_with_a_rising_sequence() -> None:
    contracts = small_contracts()
    day = contracts.pipeline.drift.window
    answers = [Answer("a", day - 20), Answer("b", day - 10), Answer("c", day + 5)]
    turns: list[list[Event]] = [[*answers, Label("a", day - 5, 1), Label("b", day + 5, 0)], [Label("c", day + 6, 1)]]
    broker = joined(contracts, *turns)
    found = rows(contracts, "Sketch", [stored.value for stored in broker.records(SKETCHES)])
    assert [(s["window_start"], s["rows"], s["partition"], s["source"]) for s in found] == [
        (0, 1, 0, b"labels"),
        (day, 1, 0, b"labels"),
        (day, 1, 0, b"labels"),
    ]
    assert found[1]["sequence"] < found[2]["sequence"]
    assert [s["watermark"] for s in found] == [day + 5, day + 5, day + 6]
    assert [s["counts"].reshape(2, 17)[0, :2].tolist() for s in found] == [[0, 1], [1, 0], [0, 1]]


def test_each_outcome_is_counted_as_a_metric() -> None:
    contracts = small_contracts()
    broker = broker_of(contracts)
    job = LabelJoin(contracts)
    broker.send(PREDICTIONS, encode_answers(contracts, [Answer("a", 1)]), partition=0)
    broker.send(LABELS, encode_labels(contracts, [Label("a", 2), Label("a", 3)]), partition=0)
    job.assign(0, [])
    counts = job.process(Batch((broker.read(PREDICTIONS, [(0, 0, 1)]), broker.read(LABELS, [(0, 0, 2)])), 0.0)).counts
    assert counts == {
        "answers_total:in": 1,
        "answers_total:joined": 1,
        "labels_total:in": 2,
        "labels_total:joined": 1,
        "labels_total:duplicate": 1,
        "dead_letters_total:duplicate_label": 1,
    }
