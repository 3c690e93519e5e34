"""Comparing a window with its reference, whatever it holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.statistics.psi_bands import psi_band
from models.drift.statistics.reference import reference_of
from models.drift.statistics.two_sample import Comparison, compare

cells = st.one_of(st.integers(-2, 2).map(float), st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf]))
tables = st.integers(0, 12).flatmap(lambda rows: arrays(np.float64, (rows, 3), elements=cells))
DISTANCES = ("ks_F", "chi_squared_F", "psi_F", "wasserstein_F", "jensen_shannon_F")
P_VALUES = ("ks_p_F", "chi_squared_p_F", "missing_p_F")


def same(one: Comparison, other: Comparison) -> None:
    for field in dataclasses.fields(Comparison):
        np.testing.assert_allclose(getattr(one, field.name), getattr(other, field.name), atol=1e-12, rtol=1e-12)


@given(tables, tables)
@settings(max_examples=80, deadline=None)
def test_nothing_poisons_a_comparison(reference_RF: np.ndarray, window_NF: np.ndarray) -> None:
    found = compare(reference_of(reference_RF, categories=[2], bins=4), window_NF)
    for name in (*DISTANCES, *P_VALUES):
        values_F = getattr(found, name)
        unordered = name in {"ks_F", "ks_p_F", "wasserstein_F"}
        assert np.isfinite(values_F[:2]).all()
        assert np.isnan(values_F[2]) == unordered
        assert (values_F[:2] >= 0).all()
    assert all((getattr(found, name)[:2] <= 1).all() for name in P_VALUES)
    np.testing.assert_array_equal(found.missing_F, (~np.isfinite(window_NF)).sum(axis=0))
    np.testing.assert_array_equal(found.counts_FK.sum(axis=1) + found.missing_F, len(window_NF))


@given(tables, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_rows_have_no_order_and_a_window_equal_to_its_reference_is_at_no_distance(
    reference_RF: np.ndarray, random: object
) -> None:
    reference = reference_of(reference_RF, categories=[2])
    order_R = np.random.default_rng(random.getrandbits(32)).permutation(len(reference_RF))  # type: ignore[attr-defined]
    found = compare(reference, reference_RF)
    same(found, compare(reference, reference_RF[order_R]))
    for name in DISTANCES:
        np.testing.assert_allclose(np.nan_to_num(getattr(found, name)), 0, atol=1e-7)
    for name in P_VALUES:
        np.testing.assert_allclose(np.nan_to_num(getattr(found, name), nan=1), 1)


@given(tables, tables)
@settings(max_examples=60, deadline=None)
def test_a_column_is_compared_as_if_it_were_alone(reference_RF: np.ndarray, window_NF: np.ndarray) -> None:
    whole = compare(reference_of(reference_RF), window_NF)
    for f in range(3):
        alone = compare(reference_of(reference_RF[:, f : f + 1]), window_NF[:, f : f + 1])
        for name in ("ks_F", "ks_p_F", "wasserstein_F", "chi_squared_F", "jensen_shannon_F"):
            np.testing.assert_allclose(getattr(whole, name)[f], getattr(alone, name)[0], atol=1e-12, rtol=1e-12)


@given(tables, tables)
@settings(max_examples=40, deadline=None)
def test_float32_is_compared_as_the_numbers_it_holds(reference_RF: np.ndarray, window_NF: np.ndarray) -> None:
    reference_32, window_32 = reference_RF.astype(np.float32), window_NF.astype(np.float32)
    narrow = compare(reference_of(reference_32), window_32)
    same(narrow, compare(reference_of(reference_32.astype(np.float64)), window_32.astype(np.float64)))


@pytest.mark.parametrize("window", [np.empty((0, 2)), np.full((5, 2), np.nan)], ids=["empty", "all missing"])
def test_a_window_without_values_says_nothing_but_what_is_missing(window: np.ndarray) -> None:
    found = compare(reference_of(np.arange(20.0).reshape(10, 2)), window)
    for name in DISTANCES:
        np.testing.assert_array_equal(getattr(found, name), 0)
    np.testing.assert_array_equal(found.ks_p_F, 1)
    assert (found.missing_p_F < 0.01).all() == (len(window) > 0)


@pytest.mark.parametrize("step", [-1e-9, 1e-9])
def test_a_constant_that_moves_to_either_side_is_seen_by_all_five(step: float) -> None:
    found = compare(reference_of(np.full((50, 1), 3.0)), np.full((50, 1), 3.0 + step))
    assert found.ks_F[0] == 1
    assert psi_band(found.psi_F[0]) == "act"
    assert found.chi_squared_p_F[0] < 1e-9
    assert found.jensen_shannon_F[0] == pytest.approx(np.sqrt(np.log(2)))
    assert found.wasserstein_F[0] == pytest.approx(1e-9, rel=1e-3)


def test_categories_never_seen_share_a_bin_of_their_own() -> None:
    reference = reference_of(np.array([[2.0], [5.0], [5.0]]), categories=[0])
    found = compare(reference, np.array([[0.0], [3.0], [9.0], [5.0]]))
    np.testing.assert_array_equal(reference.counts_FK, [[1, 2, 0]])
    np.testing.assert_array_equal(found.counts_FK, [[0, 1, 3]])


def test_a_share_that_goes_missing_is_seen() -> None:
    values_NF = np.random.default_rng(0).normal(size=(500, 2))
    gappy_NF = np.where(np.arange(500)[:, None] % 5 == 0, [np.nan, 0.0], 0.0) + values_NF
    found = compare(reference_of(values_NF), gappy_NF, method="asymptotic")
    assert found.missing_p_F[0] < 1e-6
    assert found.missing_p_F[1] == 1
    assert found.ks_p_F[0] > 0.01


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        compare(reference_of(np.zeros((3, 2))), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="no column"):
        reference_of(np.zeros((3, 2)), categories=[2])
    with pytest.raises(ValueError, match="at least 2"):
        reference_of(np.zeros((3, 2)), bins=1)
