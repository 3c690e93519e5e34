"""An example says who gave its label; a name that would break a log's line, or is too long, is a dead letter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stream_jobs.label_join.traffic import (
    Answer,
    Label,
    Progress,
    encode_labels,
    examples,
    joined,
    letters,
    reasons,
    small_contracts,
)

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60)


@settings(max_examples=20, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=6), conflict=st.sampled_from(["earliest", "latest", "majority"]))
def test_each_example_names_who_gave_its_label(names: list[str], conflict: str) -> None:
    contracts = small_contracts(conflict=conflict, settle=0 if conflict == "earliest" else 5)
    answers = [Answer(f"r{i}", 1000.0) for i in range(len(names))]
    labels = [Label(f"r{i}", 1001.0, labeller=name) for i, name in enumerate(names)]
    broker = joined(contracts, [*answers, *labels, Progress(1200.0)])
    told = {example["request_id"]: example["labeller"].decode() for example in examples(contracts, broker)}
    assert told == {f"r{i}".encode(): name for i, name in enumerate(names)}


def test_nobody_gave_a_default() -> None:
    contracts = small_contracts(on_timeout="default", default=0)
    broker = joined(contracts, [Answer("a", 1000.0), Label("b", 1001.0, labeller="ann"), Progress(1200.0)])
    assert [(example["label_offset"], example["labeller"]) for example in examples(contracts, broker)] == [(-1, b"")]


@pytest.mark.parametrize("name", ["ann\nfrozen", "\x1b[2J", "tab\t", "del\x7f"])
def test_a_name_with_a_control_character_is_a_dead_letter_that_says_so(name: str) -> None:
    contracts = small_contracts()
    broker = joined(contracts, [Answer("a", 1000.0), Label("a", 1001.0, labeller=name), Label("a", 1002.0)])
    assert reasons(contracts, broker) == ["bad_text"]
    assert b"labeller: holds a control character; name it in plain text" in letters(contracts, broker)[0]["detail"]
    assert [example["label_offset"] for example in examples(contracts, broker)] == [1]


def test_a_name_of_more_than_255_bytes_is_a_dead_letter_that_says_so() -> None:
    contracts = small_contracts()
    longest = encode_labels(contracts, [Label("a", 1001.0, labeller="w" * 255)])[0]
    # The length is a varint of two bytes: 255 is fe 03, 256 is 80 04.
    longer = longest.replace(b"\xfe\x03" + b"w" * 255, b"\x80\x04" + b"w" * 256)
    decoded = contracts.decode([longest, longer], ("Label", "Progress"))
    assert [(fault.row, fault.reason) for fault in decoded.faults] == [(1, "too_long")]
    assert decoded.faults[0].detail == "labeller: text of more than 255 bytes; send a shorter one"
