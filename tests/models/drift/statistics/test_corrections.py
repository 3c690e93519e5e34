"""Corrections over many tests."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from models.drift.statistics.corrections import benjamini_hochberg, holm

p_values = arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1))


def rejected_step_by_step(p_F: np.ndarray, level: float) -> np.ndarray:
    """Holm's procedure in his own words: the least first, each against the level by the tests that are left."""
    rejected_F = np.zeros(len(p_F), bool)
    for step, f in enumerate(np.argsort(p_F, kind="stable")):
        if p_F[f] * (len(p_F) - step) > level:
            break
        rejected_F[f] = True
    return rejected_F


@given(p_values, st.floats(0.001, 0.5))
def test_holm_rejects_what_his_procedure_does(p_F: np.ndarray, level: float) -> None:
    np.testing.assert_array_equal(holm(p_F) <= level, rejected_step_by_step(p_F, level))


@given(p_values)
def test_benjamini_hochberg_is_scipys(p_F: np.ndarray) -> None:
    np.testing.assert_allclose(benjamini_hochberg(p_F), stats.false_discovery_control(p_F), atol=1e-15)


@given(p_values, st.integers(0, 3))
def test_a_test_that_was_not_made_changes_nothing(p_F: np.ndarray, place: int) -> None:
    for correct in (holm, benjamini_hochberg):
        with_gap = correct(np.insert(p_F, min(place, len(p_F)), np.nan))
        np.testing.assert_array_equal(with_gap[~np.isnan(with_gap)], correct(p_F))
        assert np.isnan(with_gap).sum() == 1


@given(p_values)
def test_the_milder_correction_is_never_stricter_and_neither_is_below_the_raw_value(p_F: np.ndarray) -> None:
    assert (p_F <= benjamini_hochberg(p_F) + 1e-15).all()
    assert (benjamini_hochberg(p_F) <= holm(p_F) + 1e-15).all()


def test_holm_keeps_the_chance_of_any_false_alarm() -> None:
    p_RF = np.random.default_rng(0).random((20_000, 10))
    alarms = sum((holm(p_F) <= 0.05).any() for p_F in p_RF)
    assert alarms / len(p_RF) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p_RF))
