"""Which label meets which answer, and until when each of them waits."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.memory_loop import run_job_in_memory
from schemas.status import Status
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import (
    PREDICTIONS,
    Answer,
    Label,
    Progress,
    books,
    broker_of,
    encode_answers,
    examples,
    joined,
    reasons,
    send,
    small_contracts,
)


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
    send(contracts, broker, labels=[Progress(1), Label("b", 5, 0.0)])
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


def test_an_idle_input_does_not_hold_the_other_back() -> None:
    contracts = small_contracts()
    broker = broker_of(contracts)
    send(contracts, broker, [Answer("a", 1000), Answer("b", 1100)])
    run_job_in_memory(LabelJoin(contracts), broker)
    assert books(contracts, broker)["answers_timed_out"] == 0
    run_job_in_memory(LabelJoin(contracts), broker, tick_ms=5000)
    assert books(contracts, broker)["answers_timed_out"] == 1
    send(contracts, broker, labels=[Label("x", 1101), Label("y", 1211)])
    run_job_in_memory(LabelJoin(contracts), broker)
    assert books(contracts, broker)["labels_held"] == 2
    run_job_in_memory(LabelJoin(contracts), broker, tick_ms=5000)
    assert (books(contracts, broker)["labels_held"], reasons(contracts, broker)) == (2, [])
    send(contracts, broker, labels=[Progress(1212)])
    run_job_in_memory(LabelJoin(contracts), broker, tick_ms=5000)
    assert (books(contracts, broker)["labels_held"], reasons(contracts, broker)) == (1, ["unknown_request"])
