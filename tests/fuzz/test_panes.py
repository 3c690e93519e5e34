"""Pane records with hostile contents: rows of these windows, or a ValueError that makes them a dead letter."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_jobs.feature_windows.panes import blank_rows, packed
from stream_jobs.feature_windows.plan import plan_of
from stream_jobs.feature_windows.wire import PaneMessage, encoded, messages_of
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts

PLAN = plan_of(contracts().pipeline, contracts().layout)
(EVENT,) = PLAN.kinds[0].events
PACKED = packed(blank_rows(EVENT, 2))
NUMBERS = st.sampled_from([0, 1, 2, 3, -1, 1 << 31, -(1 << 63), (1 << 63) - 1])
INTS = st.sampled_from([0, 1, 2, 3, -1, -(1 << 31), (1 << 31) - 1])
"""Of the fields that are an int in Avro."""
MESSAGES = st.builds(
    PaneMessage,
    source=INTS,
    sources=INTS,
    watermark=st.floats(),
    first_offset=NUMBERS,
    last_offset=NUMBERS,
    rows=INTS,
    kind=st.sampled_from(["", "user", "strange"]),
    event=st.sampled_from(["", "seen", "strange"]),
    entities=hostile([b"ab"]),
    panes=hostile([PACKED]),
)


@fuzzed
@given(MESSAGES)
def test_rows_are_of_these_windows_or_refused(message: PaneMessage) -> None:
    (again,) = messages_of(contracts().codec("Pane").decode(encoded(contracts().codec("Pane"), [message]))[0].columns)
    assert repr(again) == repr(message)
    with suppress(ValueError):
        rows = again.pane_rows(EVENT)
        assert len(rows) == message.rows
        assert all(column.shape[-1] == message.rows for column in rows.columns if np.size(column))
    with suppress(ValueError):
        assert len(again.entity_N()) == message.rows
