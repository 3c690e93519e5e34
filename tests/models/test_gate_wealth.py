"""Whoever looks after every block, and stops when it suits him, is fooled at most as often as alpha says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gate_interval import RunningMean
from models.gate_wealth import Wealth
from models.protocol import Float64

Draw = Callable[[np.random.Generator, int], Float64]
RUNS, BLOCKS, BLOCK, ALPHA = 1000, 60, 16, 0.05


def errors_of_two_equals(random: np.random.Generator, rows: int) -> Float64:
    """Zero-one losses of two that are as often wrong: −1, 0 or 1."""
    return random.choice([-1.0, 0.0, 1.0], rows, p=[0.15, 0.7, 0.15])


def small_and_skewed(random: np.random.Generator, rows: int) -> Float64:
    """Seldom a great loss, mostly a little gain, none on average."""
    return np.where(random.random(rows) < 0.05, -0.95, 0.05)


def rarely_much(random: np.random.Generator, rows: int) -> Float64:
    """Mostly a little loss, seldom a great gain: what looks worst to who bets boldly."""
    return np.where(random.random(rows) < 0.05, 0.95, -0.05)


def worse(random: np.random.Generator, rows: int) -> Float64:
    return np.asarray(np.clip(random.normal(-0.01, 0.3, rows), -1, 1))


def of_changing_spread(random: np.random.Generator, rows: int) -> Float64:
    """Spread differs from row to row by what came before it, the mean never."""
    signs = random.choice([-1.0, 1.0], rows)
    return signs * np.where(np.concatenate(([1.0], signs[:-1])) > 0, 0.9, 0.1)


NULLS = (errors_of_two_equals, small_and_skewed, rarely_much, worse, of_changing_spread)


def ever_exceeds(draw: Draw, seed: int) -> bool:
    random, wealth = np.random.default_rng(seed), Wealth()
    for _ in range(BLOCKS):
        wealth = wealth.after(draw(random, BLOCK))
        if wealth.exceeds(ALPHA):
            return True
    return False


@pytest.mark.parametrize("draw", NULLS)
def test_under_continuous_peeking_false_alarms_stay_below_alpha(draw: Draw) -> None:
    false = sum(ever_exceeds(draw, seed) for seed in range(RUNS // len(NULLS)))
    assert false / (RUNS // len(NULLS)) <= ALPHA


def test_over_all_thousand_runs_of_one_null_too() -> None:
    assert sum(ever_exceeds(errors_of_two_equals, seed) for seed in range(RUNS)) / RUNS <= ALPHA


def found_after(draw: Draw, seed: int, before: int = 0) -> int:
    random, wealth = np.random.default_rng(seed), Wealth()
    for _ in range(before):
        wealth = wealth.after(worse(random, BLOCK))
    for block in range(1, 1000):
        wealth = wealth.after(draw(random, BLOCK))
        if wealth.exceeds(ALPHA):
            return block * BLOCK
    return 1000 * BLOCK


def a_fiftieth_better(random: np.random.Generator, rows: int) -> Float64:
    return np.asarray(np.clip(random.normal(0.02, 0.2, rows), -1, 1))


def test_a_gain_of_a_fiftieth_at_ten_times_its_spread_is_found_in_2000_examples() -> None:
    assert np.median([found_after(a_fiftieth_better, seed) for seed in range(50)]) <= 2000


def test_long_without_anything_to_find_costs_little_when_there_is_something() -> None:
    late = [found_after(a_fiftieth_better, seed, before=500) for seed in range(20)]
    assert np.median(late) <= 4500


@given(seed=st.integers(0, 99), cut=st.integers(0, 10))
def test_restored_it_goes_on_as_if_never_stopped(seed: int, cut: int) -> None:
    random, whole, broken = np.random.default_rng(seed), Wealth(), Wealth()
    for block in range(10):
        d_B = random.uniform(-1, 1, 7)
        whole, broken = whole.after(d_B), broken.after(d_B)
        if block == cut:
            broken = Wealth.restored(broken.snapshot())
    assert whole.log_e == broken.log_e
    np.testing.assert_array_equal(whole.log_L, broken.log_L)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_an_e_value_is_neither_negative_nor_nan(values: list[float]) -> None:
    assert np.isfinite(Wealth().after(np.array(values)).log_e)


def test_the_interval_holds_the_mean_of_changing_expectations_at_every_moment() -> None:
    missed = 0
    for seed in range(150):
        random, seen, expected = np.random.default_rng(seed), RunningMean(), RunningMean()
        mean_B = np.repeat([0.3, -0.2, 0.1, 0.4], 200)
        d_B = np.clip(mean_B + random.uniform(-0.5, 0.5, 800), -1, 1)
        for start in range(0, 800, 40):
            seen, expected = seen.after(d_B[start : start + 40]), expected.after(mean_B[start : start + 40])
            low, high = seen.interval(ALPHA)
            if not low <= expected.mean <= high:
                missed += 1
                break
    assert missed / 150 <= ALPHA


@given(st.lists(st.floats(-1, 1), max_size=60), st.integers(0, 60))
def test_the_interval_is_around_the_mean_however_it_was_cut(values: list[float], cut: int) -> None:
    d_B = np.array(values, np.float64)
    seen = RunningMean().after(d_B[:cut]).after(d_B[cut:])
    low, high = seen.interval(ALPHA)
    assert -1 <= low <= high <= 1
    assert not values or low <= seen.mean <= high
    assert seen.count == len(values)
    np.testing.assert_allclose(seen.spread, RunningMean().after(d_B).spread, atol=1e-12)
