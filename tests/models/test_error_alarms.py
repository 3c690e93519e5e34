"""Alarms on errors: a rise is told, a fall is not, and a restart changes nothing."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.error_alarms import ErrorAlarms, errors_of
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


def told(alarms: ErrorAlarms, error_T: Float64) -> list[frozenset[Alarm]]:
    return [alarms.see(error_T[start : start + BATCH]) for start in range(0, len(error_T), BATCH)]


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
    first = told(broken, error_T[: cut * BATCH])
    again.restore(decode_snapshot(encode_snapshot(broken.snapshot())))
    assert [*first, *told(again, error_T[cut * BATCH :])] == told(whole, error_T)
    assert encode_snapshot(again.snapshot()) == encode_snapshot(whole.snapshot())


def test_what_is_not_finite_and_nothing_at_all_are_no_alarm() -> None:
    alarms = ErrorAlarms(["adwin"])
    assert not any(told(alarms, np.full(800, np.nan)))
    assert alarms.see(np.empty(0)) == frozenset()
    assert any(told(alarms, errors(0.1, 0.9)))


def test_what_detectors_read() -> None:
    label_B, loss_B = np.array([0.0, 2.0]), np.array([0.25, 0.5])
    shares_BK = np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7]], np.float32)
    assert errors_of("multiclass", shares_BK, label_B, loss_B).tolist() == [1.0, 0.0]
    assert errors_of("regression", shares_BK[:, :1], label_B, loss_B).tolist() == [0.25, 0.5]
