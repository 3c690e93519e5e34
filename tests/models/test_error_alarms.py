"""Alarms on errors: a rise is told, a fall is not, and a restart changes nothing."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.error_alarms import RECENT, ErrorAlarms, Errors, Rise, errors_of
from models.protocol import Float64
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.pipeline_reaction import Alarm

KINDS: tuple[Alarm, ...] = get_args(Alarm)
ROWS, BATCH = 2400, 16
every_kind = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "kswin"])
"""KSWIN takes a thousand times as long, and is looked at once."""


def errors(before: float, after: float, seed: int = 0) -> Float64:
    share_T = np.where(np.arange(ROWS) < ROWS // 2, before, after)
    return (np.random.default_rng(seed).random(ROWS) < share_T).astype(np.float64)


def batches(error_T: Float64, first: int = 0) -> list[Errors]:
    """Cut into minibatches, a second apart, the first of which begins at this offset."""
    offset_T = np.arange(first, first + len(error_T))
    time_T = offset_T.astype(np.float64) * 1000
    cuts = [slice(start, start + BATCH) for start in range(0, len(error_T), BATCH)]
    return [Errors(error_T[cut], offset_T[cut], time_T[cut]) for cut in cuts]


def rises(alarms: ErrorAlarms, error_T: Float64, first: int = 0) -> list[tuple[Rise, ...]]:
    return [alarms.see(errors) for errors in batches(error_T, first)]


def told(alarms: ErrorAlarms, error_T: Float64) -> list[frozenset[Alarm]]:
    return [frozenset(rise.kind for rise in found) for found in rises(alarms, error_T)]


@every_kind
def test_a_rise_is_told_after_it_has_come(kind: Alarm) -> None:
    found = told(ErrorAlarms([kind]), errors(0.1, 0.7))
    after = found[ROWS // 2 // BATCH :]
    assert frozenset({kind}) in after[: 320 // BATCH]


@every_kind
@pytest.mark.parametrize("seed", range(3))
def test_a_fall_is_what_learning_is_for(kind: Alarm, seed: int) -> None:
    after = told(ErrorAlarms([kind]), errors(0.7, 0.1, seed))[ROWS // 2 // BATCH :]
    assert not any(after[:40])


def test_kswin_too() -> None:
    assert any(told(ErrorAlarms(["kswin"]), errors(0.05, 0.95)[ROWS // 2 - 300 : ROWS // 2 + 200]))


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(0, ROWS // BATCH), kinds=st.sets(st.sampled_from(["error_rate", "adwin", "ddm"]), min_size=1))
def test_restored_it_goes_on_as_if_never_stopped(cut: int, kinds: set[Alarm]) -> None:
    whole, broken, again = ErrorAlarms(kinds), ErrorAlarms(kinds), ErrorAlarms(kinds)
    error_T = errors(0.1, 0.5, seed=1)
    first = rises(broken, error_T[: cut * BATCH])
    again.restore(decode_snapshot(encode_snapshot(broken.snapshot())))
    assert [*first, *rises(again, error_T[cut * BATCH :], cut * BATCH)] == rises(whole, error_T)
    assert encode_snapshot(again.snapshot()) == encode_snapshot(whole.snapshot())


def test_nothing_at_all_is_no_alarm() -> None:
    alarms = ErrorAlarms(["adwin"])
    assert alarms.see(Errors(np.empty(0), np.empty(0, np.int64), np.empty(0))) == ()
    assert any(told(alarms, errors(0.1, 0.9)))


def test_a_rise_names_the_example_and_both_levels() -> None:
    error_T = errors(0.1, 0.7)
    (rise,) = [rise for found in rises(ErrorAlarms(["adwin"]), error_T, first=500) for rise in found]
    place = rise.offset - 500
    last = place // BATCH * BATCH + BATCH
    assert ROWS // 2 <= place < last
    assert (rise.level, rise.rows) == (error_T[last - RECENT : last].mean(), RECENT)
    assert (rise.start, rise.end) == ((500 + last - RECENT) * 1000, (500 + last - 1) * 1000)
    assert rise.before == pytest.approx(error_T[: last - RECENT].mean())
    assert (rise.before_rows, rise.begin) == (last - RECENT, 500_000)


def test_a_detector_that_is_named_later_begins_where_the_others_stand() -> None:
    error_T, one, both = errors(0.1, 0.7), ErrorAlarms(["adwin"]), ErrorAlarms(["adwin", "error_rate"])
    told(one, error_T[:800])
    both.restore(decode_snapshot(encode_snapshot(one.snapshot())))
    found = [rise for found in rises(both, error_T[800:], first=800) for rise in found]
    assert {rise.kind: rise.begin for rise in found} == {"adwin": 0.0, "error_rate": 800_000.0}
    assert all(rise.offset >= ROWS // 2 for rise in found)


def test_what_detectors_read() -> None:
    label_B, loss_B = np.array([0.0, 2.0]), np.array([0.25, 0.5])
    shares_BK = np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7]], np.float32)
    assert errors_of("multiclass", shares_BK, label_B, loss_B).tolist() == [1.0, 0.0]
    assert errors_of("regression", shares_BK[:, :1], label_B, loss_B).tolist() == [0.25, 0.5]
