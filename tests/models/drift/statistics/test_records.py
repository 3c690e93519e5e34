"""A window that stands out among its own past."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from models.drift.statistics.records import ks_floor, record_score

pasts = st.integers(1, 30).flatmap(lambda rows: arrays(np.float64, (rows, 3), elements=st.floats(0, 1)))


@given(pasts, st.sampled_from([1.0, 2.0]))
def test_in_any_order_each_column_beats_its_record_at_most_once(statistic_NF: np.ndarray, factor: float) -> None:
    """Whichever window is taken for the new one: so F in N + 1."""
    beaten = [
        record_score(np.delete(statistic_NF, i, axis=0), statistic_F, 1e-3)[0] > factor
        for i, statistic_F in enumerate(statistic_NF)
    ]
    assert sum(beaten) <= (3 if len(statistic_NF) > 1 else 0)


@given(pasts, arrays(np.float64, 3, elements=st.floats(0, 1)), st.sampled_from([0.25, 2.0, 8.0]))
def test_the_unit_of_the_statistic_does_not_matter(past_NF: np.ndarray, new_F: np.ndarray, unit: float) -> None:
    score, column = record_score(past_NF, new_F, 0.1)
    scaled, same_column = record_score(past_NF * unit, new_F * unit, 0.1 * unit)
    assert scaled == pytest.approx(score)
    assert same_column == column


@given(pasts, arrays(np.float64, 3, elements=st.floats(0, 1)))
def test_a_column_that_was_not_taken_says_nothing(past_NF: np.ndarray, new_F: np.ndarray) -> None:
    gap_N1 = np.full((len(past_NF), 1), np.nan)
    with_gap = record_score(np.hstack([past_NF, gap_N1]), np.append(new_F, np.nan), 0.1)
    assert with_gap == record_score(past_NF, new_F, 0.1)


def test_without_a_past_nothing_stands_out() -> None:
    assert record_score(np.empty((0, 2)), np.ones(2), 0.1) == (0.0, 0)


def test_the_floor_is_exceeded_as_often_as_stated() -> None:
    random = np.random.default_rng(0)
    distances = [stats.ks_2samp(*random.normal(size=(2, 300)), method="asymp").statistic for _ in range(400)]
    assert abs(np.mean(np.array(distances) > ks_floor(300, 300)) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_floor_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        record_score(np.ones((2, 2)), np.ones(2), 0.0)
