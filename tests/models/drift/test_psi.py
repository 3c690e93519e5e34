from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.psi import population_stability_index

histograms = arrays(np.int64, (3, 5), elements=st.integers(0, 500))


@given(histograms, histograms)
def test_it_is_finite_symmetric_and_not_negative(window_FK: np.ndarray, reference_FK: np.ndarray) -> None:
    index_F = population_stability_index(window_FK, reference_FK)
    assert np.isfinite(index_F).all()
    assert (index_F >= 0).all()
    np.testing.assert_allclose(index_F, population_stability_index(reference_FK, window_FK))


@given(histograms, st.integers(1, 9))
def test_equal_proportions_are_stable_whatever_the_rows(window_FK: np.ndarray, times: int) -> None:
    np.testing.assert_allclose(population_stability_index(window_FK, window_FK * times), 0, atol=1e-12)


def test_it_agrees_with_the_textbook_where_no_bin_is_empty() -> None:
    p, q = np.array([0.1, 0.4, 0.5]), np.array([0.3, 0.3, 0.4])
    textbook = ((p - q) * np.log(p / q)).sum()
    index_F = population_stability_index((p * 1e6).astype(int)[None], (q * 1e6).astype(int)[None])
    np.testing.assert_allclose(index_F, textbook, rtol=1e-4)
