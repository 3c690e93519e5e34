"""At most one false alarm in N windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.statistics.calibration import (
    conformal_threshold,
    resampled_rows,
    resampled_statistics,
    tracked_threshold,
)

statistics = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1))


def mean_gap(reference_RF: np.ndarray, window_NF: np.ndarray) -> float:
    return abs(float(reference_RF.mean()) - float(window_NF.mean()))


@given(statistics, st.integers(1, 40))
def test_of_exchangeable_windows_at_most_one_in_n_exceeds_the_threshold_of_the_others(
    statistic_N: np.ndarray, windows_per_alarm: int
) -> None:
    """Whichever of them is taken for the new one."""
    others = [conformal_threshold(np.delete(statistic_N, i), windows_per_alarm) for i in range(len(statistic_N))]
    assert (statistic_N > others).sum() <= len(statistic_N) / windows_per_alarm


@given(st.integers(2, 50))
def test_fewer_windows_than_can_tell_give_no_alarm(windows_per_alarm: int) -> None:
    assert conformal_threshold(np.zeros(windows_per_alarm - 2), windows_per_alarm) == np.inf
    assert conformal_threshold(np.zeros(windows_per_alarm - 1), windows_per_alarm) == 0


@given(statistics, st.integers(1, 40), st.floats(0, 1), st.floats(0.05, 1))
def test_a_tracked_threshold_keeps_the_rate_on_any_stream(
    statistic_N: np.ndarray, windows_per_alarm: int, first: float, step: float
) -> None:
    threshold, alarms = first, 0
    for statistic in statistic_N.tolist():
        alarms += statistic > threshold
        threshold = tracked_threshold(threshold, statistic, windows_per_alarm, step)
    grace = max(0.0, statistic_N.max() - first) / step + 1
    assert alarms <= len(statistic_N) / windows_per_alarm + grace + 1e-9


@given(st.integers(1, 30), st.integers(0, 40), st.integers(1, 10), st.integers(0, 9))
def test_resampled_rows_come_in_runs(rows: int, size: int, block: int, seed: int) -> None:
    row_N = resampled_rows(rows, size, block, np.random.default_rng(seed))
    assert row_N.shape == (size,)
    assert ((row_N >= 0) & (row_N < rows)).all()
    inside_N = np.arange(1, size) % block != 0
    assert (np.diff(row_N)[inside_N] % rows == 1 % rows).all()


@pytest.mark.parametrize(("block", "least", "most"), [(1, 0.3, 1.0), (100, 0.0, 0.15)])
def test_blocks_keep_the_rate_where_neighbours_depend_on_one_another(block: int, least: float, most: float) -> None:
    """One alarm in twenty was asked for; rows drawn one by one would give one in three."""
    random = np.random.default_rng(0)
    x_N = np.zeros(32_000)
    for i in range(1, len(x_N)):
        x_N[i] = 0.9 * x_N[i - 1] + random.normal()
    reference_RF, later_NF = x_N[:8000, None], x_N[8000:, None]
    null_D = resampled_statistics(reference_RF, 400, block, 199, 0, mean_gap)
    threshold = conformal_threshold(null_D, 20)
    windows = later_NF.reshape(-1, 400, 1)
    assert least <= np.mean([mean_gap(reference_RF, window) > threshold for window in windows]) <= most


def test_a_setting_below_one_window_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        conformal_threshold(np.zeros(3), 0)
