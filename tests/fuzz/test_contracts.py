"""Decoding a topic with its checks, over hostile bytes of all its records and strangers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from adapters.ports import Records
from schemas.dead_letters import REASONS, dead_letters
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts, sound

TOPICS = (("Request",), ("Label", "Progress"), ("seen", "Progress"), ("Prediction",), ("Pane",), ("Example", "Command"))
EVERYTHING = [value for record in contracts().records for value in sound(record)]


@fuzzed
@given(st.sampled_from(TOPICS), st.lists(st.none() | hostile(EVERYTHING), max_size=12))
def test_each_row_has_one_end_and_each_fault_becomes_a_letter(records: tuple[str, ...], values: list[bytes]) -> None:
    decoded = contracts().decode(values, records)
    parts = [row for part in decoded.parts for row in part.row_N.tolist()]
    faults = [fault.row for fault in decoded.faults]
    assert sorted([*parts, *faults]) == list(range(len(values)))
    assert faults == sorted(faults)
    assert {fault.reason for fault in decoded.faults} <= REASONS.keys()
    assert {row for part in decoded.refused for row in part.row_N.tolist()} <= set(faults)
    if faults:
        rows = len(values)
        batch = Records("t", _ints(rows), _ints(rows), _ints(rows), [None] * rows, values, [()] * rows)
        letters = dead_letters(contracts(), batch, decoded.faults, "fuzz", 0.0)
        (part,) = contracts().decode(letters.values, ("DeadLetter",)).parts
        assert part.columns["value"].tolist() == [values[row] or b"" for row in faults]


def _ints(rows: int) -> NDArray[Any]:
    return np.arange(rows)
