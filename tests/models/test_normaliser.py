"""Moments learned batch by batch are those of the whole."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.normaliser import CLIP, Normaliser

values = st.one_of(st.floats(-1e4, 1e4, width=32), st.just(np.nan))


@given(rows=arrays(np.float32, (24, 2), elements=values), cut=st.integers(0, 24))
@settings(max_examples=100, deadline=None)
def test_two_batches_are_as_good_as_one(rows: np.ndarray, cut: int) -> None:
    normaliser = Normaliser(2)
    for part in (rows[:cut], rows[cut:]):
        normaliser.learn(torch.from_numpy(part.copy()))
    for column in range(2):
        known = rows[:, column][~np.isnan(rows[:, column])].astype(np.float64)
        assert normaliser.count_N[column] == len(known)
        if len(known):
            np.testing.assert_allclose(normaliser.mean_N[column], known.mean(), atol=1e-6, rtol=1e-9)
            np.testing.assert_allclose(normaliser.spread_N[column], known.var() * len(known), atol=1e-3, rtol=1e-6)


@given(rows=arrays(np.float32, (8, 3), elements=values))
@settings(max_examples=100, deadline=None)
def test_what_comes_out_is_small_and_missing_where_it_was(rows: np.ndarray) -> None:
    normaliser = Normaliser(3)
    normaliser.learn(torch.from_numpy(rows[:4].copy()))
    scaled = normaliser(torch.from_numpy(rows)).numpy()
    assert np.array_equal(np.isnan(scaled), np.isnan(rows))
    assert np.nanmax(np.abs(scaled), initial=0) <= CLIP
