"""Both sides of a drift as they are drawn: fewer bins, and quantiles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.drift.sides import Sides, coarser, quantiles

shares = arrays(np.float64, 12, elements=st.integers(0, 9).map(float)).filter(np.any).map(lambda s: s / s.sum())


@given(shares, shares, st.integers(1, 12))
def test_joining_bins_keeps_all_rows_and_the_order_of_edges(
    window_K: np.ndarray, other_K: np.ndarray, most: int
) -> None:
    coarse = coarser(Sides("a", False, np.arange(13.0), window_K, other_K, 0.0, 0.0), most)
    np.testing.assert_allclose([coarse.window_K.sum(), coarse.reference_K.sum()], 1)
    assert len(coarse.window_K) <= most
    assert (np.diff(coarse.edges_E) > 0).all()
    assert len(coarse.edges_E) == len(coarse.window_K) + 1


@given(shares, st.lists(st.floats(0, 1), min_size=1, max_size=9).map(sorted))
def test_quantiles_rise_and_hold_their_share_of_rows_below(share_K: np.ndarray, at: list[float]) -> None:
    sides = Sides("a", False, np.arange(13.0), share_K, share_K, 0.0, 0.0)
    found_Q, same_Q = quantiles(sides, np.array(at))
    np.testing.assert_array_equal(found_Q, same_Q)
    assert (np.diff(found_Q) >= 0).all()
    below_Q = np.interp(found_Q, np.arange(13.0), np.concatenate([[0], np.cumsum(share_K)]))
    np.testing.assert_allclose(below_Q, at, atol=1e-9)
