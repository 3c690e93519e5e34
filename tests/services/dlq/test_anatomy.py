"""A value is read as far as it can be, and the byte where it breaks is the right one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dlq.anatomy import dissect
from tests.services.dlq.rig import CONTRACTS

CODEC = CONTRACTS.codec("Request")
WHOLE = CODEC.encode(
    {
        "request_time": np.array([1.5e12]),
        "amount": np.array([0.05], np.float32),
        "age": np.array([3], np.float32),
        "card": np.array([b"card-7"]),
        "shop": np.array([b"shop"]),
        "request_id": np.array([b"r1"]),
    }
)[0]
STARTS = (5, 13, 17, 21, 28, 33, len(WHOLE))
"""Where each field begins, and where the last one ends."""


def test_a_whole_value_shows_all_its_fields() -> None:
    found = dissect(CONTRACTS, WHOLE, ("Request",))
    assert (found.record, found.reason, found.breaks_at) == ("Request", "", -1)
    assert dict(found.fields)["card"] == "card-7"
    assert [name for name, _ in found.fields] == [field.name for field in CODEC.fields]


@given(st.integers(5, len(WHOLE) - 1))
def test_a_value_cut_short_breaks_at_the_field_that_was_cut(cut: int) -> None:
    whole, found = dissect(CONTRACTS, WHOLE, ("Request",)), dissect(CONTRACTS, WHOLE[:cut], ("Request",))
    read = sum(end <= cut for end in STARTS[1:])
    assert (found.reason, found.breaks_at) == ("truncated", STARTS[read])
    assert found.fields == whole.fields[:read]


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_apart_without_an_error(data: bytes) -> None:
    for value in (data, WHOLE[:5] + data):
        found = dissect(CONTRACTS, value, ("Request",))
        assert -1 <= found.breaks_at <= len(value)
        assert found.breaks_at >= 0 or found.record == "Request"


@pytest.mark.parametrize(
    ("value", "reason", "breaks_at", "record"),
    [
        (None, "no_value", 0, ""),
        (b"", "too_short", 0, ""),
        (WHOLE[:3], "too_short", 3, ""),
        (b"\1" + WHOLE[1:], "bad_magic", 0, ""),
        (b"\0\x7f\xff\xff\xff", "unknown_schema", 1, ""),
        (WHOLE + b"??", "trailing_bytes", len(WHOLE), "Request"),
    ],
)
def test_no_record_at_all(value: bytes | None, reason: str, breaks_at: int, record: str) -> None:
    found = dissect(CONTRACTS, value, ("Request",))
    assert (found.reason, found.breaks_at, found.record) == (reason, breaks_at, record)


def test_a_record_of_another_topic_is_shown_all_the_same() -> None:
    found = dissect(CONTRACTS, WHOLE, ("Label",))
    assert (found.record, found.reason, found.breaks_at) == ("Request", "wrong_record", -1)
    assert len(found.fields) == 6


def test_a_value_that_is_wrong_but_whole_says_so() -> None:
    value = WHOLE[:13] + np.float32(7).tobytes() + WHOLE[17:]
    found = dissect(CONTRACTS, value, ("Request",))
    assert (found.reason, found.breaks_at, dict(found.fields)["amount"]) == ("out_of_range", -1, 7.0)
