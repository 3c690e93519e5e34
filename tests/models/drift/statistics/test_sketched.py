"""What histograms say of their rows: never wrong by more than stated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.statistics.reference import Reference, reference_of
from models.drift.statistics.sketched import SketchedComparison, closed_edges, compare_sketches
from models.drift.statistics.two_sample import Comparison, compare

elements = st.one_of(st.integers(-3, 3).map(float), st.floats(-100, 100))
tables = st.integers(1, 60).flatmap(lambda rows: arrays(np.float64, (rows, 2), elements=elements))
ROUNDING = 1e-9


def sketch(
    reference: Reference, reference_RF: np.ndarray, window_NF: np.ndarray, found: Comparison
) -> SketchedComparison:
    both_NF = np.concatenate([reference_RF, window_NF])
    edges_FE = closed_edges(reference.edges, both_NF.min(axis=0), both_NF.max(axis=0), reference.counts_FK.shape[1])
    return compare_sketches(found.counts_FK, reference.counts_FK, edges_FE)


@given(tables, tables, st.integers(2, 12))
@settings(max_examples=100, deadline=None)
def test_the_samples_lie_within_the_stated_error(reference_RF: np.ndarray, window_NF: np.ndarray, bins: int) -> None:
    reference = reference_of(reference_RF, bins=bins)
    exact = compare(reference, window_NF, method="limit")
    rough = sketch(reference, reference_RF, window_NF, exact)
    assert (rough.ks_F <= exact.ks_F + ROUNDING).all()
    assert (exact.ks_F <= rough.ks_F + rough.ks_error_F + ROUNDING).all()
    assert (exact.ks_p_F <= rough.ks_p_F + ROUNDING).all()
    assert (np.abs(exact.wasserstein_F - rough.wasserstein_F) <= rough.wasserstein_error_F + ROUNDING).all()
    for name in ("chi_squared_F", "chi_squared_p_F", "psi_F", "jensen_shannon_F"):
        np.testing.assert_array_equal(getattr(rough, name), getattr(exact, name))


@pytest.mark.parametrize("bins", [8, 32, 128])
def test_finer_bins_of_the_reference_bound_the_error_by_their_share(bins: int) -> None:
    random = np.random.default_rng(bins)
    reference_RF, window_NF = random.random((5000, 2)), random.random((4000, 2)) ** [1.0, 2.0]
    reference = reference_of(reference_RF, bins=bins)
    exact = compare(reference, window_NF, method="limit")
    rough = sketch(reference, reference_RF, window_NF, exact)
    assert (rough.ks_error_F <= 1 / bins + 1 / 5000).all()
    assert (rough.wasserstein_error_F <= 2 / bins).all()  # values from 0 to 1


def test_histograms_without_rows_say_nothing() -> None:
    rough = compare_sketches(np.array([[0, 0], [1, 2]]), np.array([[3, 1], [0, 0]]), np.array([[0.0, 1, 2]] * 2))
    for name in ("ks_F", "ks_error_F", "wasserstein_F", "wasserstein_error_F", "psi_F", "jensen_shannon_F"):
        np.testing.assert_array_equal(getattr(rough, name), 0)
    np.testing.assert_array_equal(rough.ks_p_F, 1)
    np.testing.assert_array_equal(rough.chi_squared_p_F, 1)


def test_edges_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one edge more"):
        compare_sketches(np.zeros((1, 2), np.int64), np.zeros((1, 2), np.int64), np.zeros((1, 2)))
