"""The maximum mean discrepancy and its permutation test."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.statistics import kernel_sums as kernel_sums_module
from models.drift.statistics.kernel_sums import kernel_sums, median_distance
from models.drift.statistics.mmd import mmd_test, standardised

CPU = torch.device("cpu")
samples = st.integers(2, 12).flatmap(lambda rows: arrays(np.float64, (rows, 2), elements=st.floats(-5, 5, width=32)))


def kernel(x_F: np.ndarray, y_F: np.ndarray, bandwidth: float) -> float:
    return float(np.exp(-np.square(x_F - y_F).sum() / (2 * bandwidth**2)))


def by_double_loop(reference_RF: np.ndarray, window_WF: np.ndarray, bandwidth: float) -> float:
    """The definition: mean kernel of different rows of each sample, less twice that of rows of both."""

    def within(x_NF: np.ndarray) -> float:
        rows = range(len(x_NF))
        pairs = [kernel(x_NF[i], x_NF[j], bandwidth) for i in rows for j in rows if i != j]
        return sum(pairs) / len(pairs)

    between = [kernel(x_F, y_F, bandwidth) for x_F in reference_RF for y_F in window_WF]
    return within(reference_RF) + within(window_WF) - 2 * sum(between) / len(between)


@given(samples, samples, st.floats(0.1, 10))
@settings(max_examples=60, deadline=None)
def test_it_is_the_double_loop(reference_RF: np.ndarray, window_WF: np.ndarray, bandwidth: float) -> None:
    found = mmd_test(reference_RF, window_WF, seed=0, bandwidth=bandwidth, permutations=9)
    assert found.rows_together == 1
    assert found.statistic == pytest.approx(by_double_loop(reference_RF, window_WF, bandwidth), abs=1e-9)


@given(samples, samples, st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_the_p_value_is_that_of_permuted_double_loops(
    reference_RF: np.ndarray, window_WF: np.ndarray, seed: int
) -> None:
    found = mmd_test(reference_RF, window_WF, seed=seed, bandwidth=1.0, permutations=9)
    both_NF = np.concatenate([reference_RF, window_WF])
    is_window_PN = np.random.default_rng(seed).permuted(
        np.tile(np.repeat([0.0, 1.0], [len(reference_RF), len(window_WF)]), (9, 1)), axis=1
    )
    statistics = [by_double_loop(both_NF[w == 0], both_NF[w == 1], 1.0) for w in is_window_PN]
    as_far = sum(s >= by_double_loop(reference_RF, window_WF, 1.0) - 1e-10 for s in statistics)
    assert found.p_value == pytest.approx((1 + as_far) / 10)


@pytest.mark.parametrize(("rows", "together"), [(2400, 3), (2403, 9)])
def test_blocks_and_float32_change_the_sums_by_less_than_a_millionth(
    rows: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x_NF = np.random.default_rng(0).normal(5, 1, (rows, 10))
    in_float32 = kernel_sums(x_NF, 4.0, together, CPU)
    monkeypatch.setattr(kernel_sums_module, "DOUBLE_UP_TO", rows)
    monkeypatch.setattr(kernel_sums_module, "_BLOCK_ROWS", rows)
    np.testing.assert_allclose(in_float32, kernel_sums(x_NF, 4.0, together, CPU), rtol=1e-6)


def test_grouping_changes_the_permutations_but_not_the_statistic() -> None:
    random = np.random.default_rng(0)
    reference_RF, window_WF = random.normal(size=(400, 3)), random.normal(0.1, 1, (400, 3))
    found = [mmd_test(reference_RF, window_WF, seed=0, groups=groups) for groups in (400, 50)]
    assert [f.rows_together for f in found] == [1, 8]
    assert found[0].statistic == pytest.approx(found[1].statistic, abs=1e-12)


def test_false_alarms_are_as_many_as_the_level_says() -> None:
    """Of 300 windows that differ in nothing, in order or not: binomial at 0.1, three deviations."""
    random = np.random.default_rng(0)
    alarms = 0
    for seed in range(300):
        x_NF = random.normal(size=(200, 2))
        alarms += mmd_test(x_NF[:120], x_NF[120:], seed=seed, permutations=39, groups=20).p_value <= 0.1
    assert 0.1 * 300 - 3 * np.sqrt(27) <= alarms <= 0.1 * 300 + 3 * np.sqrt(27)


def test_rows_that_depend_on_their_neighbours_need_groups() -> None:
    """A slow walk around 0: row by row nearly every window would be an alarm."""
    random = np.random.default_rng(1)
    alarms = {400: 0, 20: 0}
    for seed in range(60):
        x_N = np.zeros(900)
        for i in range(1, 900):
            x_N[i] = 0.9 * x_N[i - 1] + random.normal()
        for groups in alarms:
            p_value = mmd_test(x_N[:400, None], x_N[500:, None], seed=seed, permutations=19, groups=groups).p_value
            alarms[groups] += p_value <= 0.05
    assert alarms[400] > 30
    assert alarms[20] < 15


@pytest.mark.parametrize("change", ["mean", "spread", "dependence"])
def test_it_finds_any_kind_of_change(change: str) -> None:
    random = np.random.default_rng(2)
    reference_RF, window_WF = random.normal(size=(600, 2)), random.normal(size=(600, 2))
    if change == "mean":
        window_WF[:, 1] += 0.5
    elif change == "spread":
        window_WF *= 1.5
    else:
        window_WF[:, 1] = 0.9 * window_WF[:, 0] + np.sqrt(1 - 0.81) * window_WF[:, 1]
    assert mmd_test(reference_RF, window_WF, seed=0).p_value <= 0.01


def test_rows_with_missing_values_are_left_out() -> None:
    random = np.random.default_rng(3)
    reference_RF, window_WF = random.normal(size=(50, 2)), random.normal(size=(40, 2))
    gappy_WF = np.insert(window_WF, [3, 17], [[np.nan, 1.0], [0.0, np.inf]], axis=0)
    assert mmd_test(reference_RF, gappy_WF, seed=0) == mmd_test(reference_RF, window_WF, seed=0)


@pytest.mark.parametrize("window", [np.empty((0, 2)), np.ones((1, 2)), np.full((9, 2), np.nan)])
def test_too_little_to_tell_is_no_difference(window: np.ndarray) -> None:
    found = mmd_test(np.zeros((20, 2)), window, seed=0)
    assert (found.statistic, found.p_value) == (0.0, 1.0)


def test_constants_are_told_apart_only_if_they_differ() -> None:
    same = mmd_test(np.ones((20, 2)), np.ones((20, 2)), seed=0)
    other = mmd_test(np.ones((20, 2)), np.full((20, 2), 2.0), seed=0)
    assert (same.statistic, same.p_value) == (0.0, 1.0)
    assert other.statistic > 0.5
    assert other.p_value <= 0.01


@given(samples)
@settings(max_examples=30, deadline=None)
def test_the_median_heuristic_is_the_median_of_all_distances(x_NF: np.ndarray) -> None:
    rows = range(len(x_NF))
    distances = [float(np.linalg.norm(x_NF[i] - x_NF[j])) for i in rows for j in rows if i < j]
    width = median_distance(x_NF, 0)
    assert width > 0
    if np.median(distances) > 1e-9:
        assert width == pytest.approx(float(np.median(distances)))


@given(samples, samples)
@settings(max_examples=40, deadline=None)
def test_standardised_columns_have_one_scale(reference_RF: np.ndarray, window_WF: np.ndarray) -> None:
    both_NF = np.concatenate(standardised(reference_RF, window_WF))
    np.testing.assert_allclose(both_NF.mean(axis=0), 0, atol=1e-6)
    assert ((both_NF.std(axis=0) < 1 + 1e-6) | (both_NF.std(axis=0) == 0)).all()
