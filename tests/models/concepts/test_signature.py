"""A histogram tells inputs apart, whatever the values; rows of a regime are at home in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon

from models.concepts.sample import Sample
from models.concepts.signature import BINS, Grid, at_home, counts_of, distance
from models.protocol import Float32

RANGES = ((-5.0, 5.0), (0.0, 8.0))
LARGEST = float(np.float32(1e30))
ROWS = arrays(np.float32, (20, 2), elements=st.floats(-LARGEST, LARGEST, width=32) | st.just(np.nan))
COUNTS = arrays(np.int64, (3, BINS), elements=st.integers(1, 50))


def grid_of(x_BF: Float32) -> Grid:
    return Grid.of(x_BF, (0, 0), RANGES)


@given(first_BF=ROWS, then_BF=ROWS)
def test_every_value_has_a_bin_and_what_is_missing_its_own(first_BF: Float32, then_BF: Float32) -> None:
    bins_BF = grid_of(first_BF).bins(then_BF)
    assert ((bins_BF >= 0) & (bins_BF < BINS)).all()
    np.testing.assert_array_equal(bins_BF == 0, np.isnan(then_BF))
    assert (counts_of(bins_BF).sum(axis=1) == len(then_BF)).all()


@given(x_BF=ROWS)
def test_rows_are_at_home_where_they_come_from(x_BF: Float32) -> None:
    bins_BF = grid_of(x_BF).bins(x_BF)
    assert at_home(counts_of(bins_BF), bins_BF).all()
    assert distance(counts_of(bins_BF), counts_of(bins_BF)) == 0.0


@given(COUNTS, COUNTS)
def test_the_distance_is_that_of_jensen_and_shannon_in_the_worst_column(one: np.ndarray, other: np.ndarray) -> None:
    expected = max(jensenshannon(p, q, base=2) for p, q in zip(one, other, strict=True))
    assert distance(one, other) == pytest.approx(float(np.nan_to_num(expected)), abs=1e-6)
    assert distance(one, other) == pytest.approx(distance(other, one))


def test_codes_of_categories_are_told_apart() -> None:
    grid = Grid.of(np.array([[0.0], [1.0]], np.float32), (4,), ((0.0, 4.0),))
    here, there = (counts_of(grid.bins(np.full((50, 1), code, np.float32))) for code in (1, 3))
    assert distance(here, there) == 1.0


def test_a_sample_is_uniform_over_all_rows_however_they_came() -> None:
    held = np.zeros(100)
    for seed in range(400):
        sample, random = Sample.empty(10, 1, (seed, 1)), np.random.default_rng(seed)
        rows = np.arange(100.0)
        while len(rows):
            size = int(random.integers(1, 40))
            sample = sample.after(rows[:size, None].astype(np.float32), rows[:size])
            rows = rows[size:]
        np.testing.assert_array_equal(sample.x_MF[:, 0], sample.y_M)
        held[sample.y_M.astype(int)] += 1
    statistic = float((np.square(held - 40) / 40).sum())
    assert statistic < 149.4  # 0.999 of chi-squared with 99 degrees of freedom
