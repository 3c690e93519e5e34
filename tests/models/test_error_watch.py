"""Events of detectors on errors: found where the errors rise, and the same wherever the watch is taken up again."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.error_event import STRETCH, STRETCHES
from models.drift.event import Drift, drift_columns
from models.error_alarms import Errors
from models.error_watch import ErrorWatch
from models.protocol import Float64
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.contracts import contracts_of
from schemas.error_detectors import Alarm
from tests.models.drift.pipelines import small_pipeline

BATCH, TURN = 16, 1600
KINDS: tuple[Alarm, ...] = ("adwin", "error_rate", "page_hinkley")


def errors(*levels: tuple[float, int]) -> Float64:
    share_T = np.concatenate([np.full(rows, level) for level, rows in levels])
    return (np.random.default_rng(3).random(len(share_T)) < share_T).astype(np.float64)


BACK = errors((0.1, TURN), (0.6, 400), (0.05, 1200))
STAYED = errors((0.1, TURN), (0.6, STRETCH * (STRETCHES + 2)))


def watched(watch: ErrorWatch, error_T: Float64, first: int = 0) -> list[Drift]:
    offset_T, found = np.arange(first, first + len(error_T)), list[Drift]()
    time_T = offset_T.astype(np.float64) * 1000
    for start in range(0, len(error_T), BATCH):
        cut = slice(start, start + BATCH)
        found += watch.see(Errors(error_T[cut], offset_T[cut], time_T[cut]), version=first + start).drifts
    return found


def written(drifts: list[Drift]) -> list[bytes]:
    return contracts_of(small_pipeline()).codec("Drift").encode(drift_columns(tuple(drifts)))


@cache
def whole() -> tuple[list[bytes], bytes]:
    watch = ErrorWatch(KINDS)
    return written(watched(watch, BACK)), encode_snapshot(watch.snapshot())


@pytest.mark.parametrize("kind", KINDS)
def test_one_rise_is_one_event_that_closes_when_errors_are_back(kind: Alarm) -> None:
    drifts = watched(ErrorWatch([kind]), BACK)
    assert len({drift.id for drift in drifts}) == 1
    assert (drifts[0].state, drifts[-1].state) == ("opened", "closed")
    assert TURN <= drifts[0].offset < TURN + 300
    assert drifts[0].offset - BATCH < drifts[0].version <= drifts[0].offset  # the minibatch of the alarm
    assert drifts[0].since <= drifts[0].offset * 1000 <= drifts[-1].until < (TURN + 400 + 2 * STRETCH) * 1000
    assert drifts[-1].action.startswith("Nothing")


def test_errors_that_stay_close_it_when_they_have_long_been_what_is_normal() -> None:
    drifts = watched(ErrorWatch(["adwin"]), STAYED)
    assert drifts[-1].state == "closed"
    assert drifts[-1].action.startswith("The errors have not come back")
    assert len({drift.id for drift in drifts}) == 1


def test_steady_errors_are_no_event() -> None:
    assert watched(ErrorWatch(KINDS), errors((0.3, 4000))) == []


@pytest.mark.parametrize("sick", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_as_if_it_had_not_come(sick: float) -> None:
    watch, among = ErrorWatch(KINDS), np.insert(BACK, slice(0, len(BACK), 7), sick)
    drifts = watched(watch, among)
    assert [drift.state for drift in drifts] == [drift.state for drift in watched(ErrorWatch(KINDS), BACK)]
    assert watched(ErrorWatch(KINDS), np.full(800, sick)) == []


@settings(max_examples=12, deadline=None)
@given(at=st.integers(0, len(BACK) // BATCH))
def test_taken_up_again_anywhere_the_same_is_told(at: int) -> None:
    broken, again = ErrorWatch(KINDS), ErrorWatch(KINDS)
    first = watched(broken, BACK[: at * BATCH])
    again.restore(decode_snapshot(encode_snapshot(broken.snapshot())))
    rest = watched(again, BACK[at * BATCH :], first=at * BATCH)
    assert written([*first, *rest]) == whole()[0]
    assert encode_snapshot(again.snapshot()) == whole()[1]
