"""State as a damaged changelog gives it: an error that says so, or a state; never anything else."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from models.event_clock import clock_from
from schemas.errors import ConfigurationError, DataError
from schemas.feature_format import windows_fingerprint
from stream_jobs.feature_windows.journal import segment_bytes, segment_key
from stream_jobs.feature_windows.panes import blank_rows
from stream_jobs.feature_windows.partition import Partition
from stream_jobs.feature_windows.plan import plan_of
from stream_jobs.label_join.state import restore
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts, sound

PLAN = plan_of(contracts().pipeline, contracts().layout)
FINGERPRINT = windows_fingerprint(contracts().pipeline, contracts().layout)
(EVENT,) = PLAN.kinds[0].events
SEGMENT = segment_bytes(0, np.array([b"a", b"b"]), blank_rows(EVENT, 2))
MARKS = json.dumps({"windows": FINGERPRINT, "closed": 5, "of": 2, "sources": {"0": [1.0, False]}}).encode()
STATES = [
    value for record in ("Prediction", "HeldLabel", "FinishedRequests", "JoinPosition") for value in sound(record)
]
JOIN_KEYS = [b"answer/1", b"label/2", b"finished/3", b"position"]


@fuzzed
@given(st.lists(st.tuples(hostile(JOIN_KEYS), hostile(STATES)), max_size=4))
@example([(b"what/1", b"")])
@example([(b"answer/x", b"")])
@example([(b"finished/1", sound("FinishedRequests")[0])])
def test_join(changelog: list[tuple[bytes, bytes]]) -> None:
    with suppress(DataError):
        restore(contracts(), changelog)


@fuzzed
@given(
    st.lists(
        st.tuples(hostile([segment_key("o", 0, 0, 1), segment_key("h", 0, 0, 2)]), hostile([SEGMENT])), max_size=4
    ),
    hostile([MARKS]),
)
@example([], b"[]")
@example([], MARKS.replace(b"[1.0, false]", b"7"))
@example([(b"o/0/0/1", b"\0")], MARKS)
def test_windows(changelog: list[tuple[bytes, bytes]], marks: bytes) -> None:
    with suppress(DataError, ConfigurationError):
        Partition(PLAN, FINGERPRINT, [(b"w", marks), *changelog])


@fuzzed
@given(hostile([bytes(24)]))
@example(b"")
def test_clock(value: bytes) -> None:
    with suppress(DataError):
        clock_from(value)
