"""What the join writes besides examples: its changelog, sketches and counts."""

from __future__ import annotations

import numpy as np

from adapters.ports import Batch
from schemas.contracts import contracts_of
from schemas.pipeline_drift import Drift
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import (
    CHANGELOG,
    EXAMPLES,
    LABELS,
    PREDICTIONS,
    SKETCHES,
    Answer,
    Event,
    Label,
    Progress,
    broker_of,
    joined,
    reasons,
    rows,
    send,
    small_contracts,
)


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
    versions = {int(e["version"]) for e in rows(contracts, "Example", [s.value for s in broker.records(EXAMPLES)])}
    assert {int(s["version"]) for s in found} == versions
    assert [s["watermark"] for s in found] == [day, day + 5, day + 6], "what else is in a batch is not behind it"
    assert [s["counts"].reshape(3, 17)[0, :2].tolist() for s in found] == [[0, 1], [1, 0], [0, 1]]


def test_each_outcome_is_counted_as_a_metric() -> None:
    contracts = small_contracts()
    broker = send(contracts, broker_of(contracts), [Answer("a", 1)], [Label("a", 2), Label("a", 3)])
    job = LabelJoin(contracts)
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


def test_the_error_is_sketched_by_slice_and_labels_by_their_delay() -> None:
    late = {"type": "expect_labels_to_arrive_within", "max_delay": "10ms"}
    drift = {"window": "1d", "slices": {"who": ["x"]}, "expectations": [late]}
    contracts = contracts_of(small_contracts().pipeline.model_copy(update={"drift": Drift.model_validate(drift)}))
    broker = joined(contracts, [Answer("a", 1000), Answer("b", 1000), Label("a", 1005, 1), Label("b", 1030, 0)])
    found = rows(contracts, "Sketch", [stored.value for stored in broker.records(SKETCHES)])
    counts_FK = np.sum([s["counts"] for s in found], axis=0).reshape(7, 17)
    assert counts_FK.sum(axis=1).tolist() == [2] * 7
    assert counts_FK[3:6, :16].sum() == 2, "each row lies in one slice: x, other, missing"
    assert (counts_FK[6, 0], counts_FK[6, 15]) == (1, 1), "one came in time, one did not"
