"""More than one label or answer to a request: one counts, and the others are kept with their reason."""

from __future__ import annotations

from tests.stream_jobs.label_join.traffic import (
    Answer,
    Event,
    Label,
    Progress,
    books,
    examples,
    joined,
    letters,
    reasons,
    small_contracts,
)


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
    told = [(example["label"], example["label_offset"], example["labeller"]) for example in examples(contracts, broker)]
    assert told == [(0, 1, b"bob")]
    assert sorted(reasons(contracts, broker)) == ["contradictory_label"] * 2 + ["duplicate_label"]
