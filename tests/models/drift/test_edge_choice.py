"""Edges that are chosen spread a column's rows, and a pipeline file takes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.drift.edge_choice import choices_of, chosen_edges
from models.drift.sketch import LABELS, PREDICTIONS
from models.drift.statistics.bins import counts_of_sorted, quantile_edges
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.streams import stream_pipeline

values = st.one_of(
    st.integers(-9, 9).map(float), st.floats(-20, 20, width=32), st.sampled_from([np.nan, np.inf, -np.inf])
)
tables = st.integers(0, 80).flatmap(lambda rows: arrays(np.float32, (rows, 2), elements=values))


@given(tables, st.integers(2, 40))
@settings(deadline=None)
def test_whatever_the_rows_the_edges_can_be_pasted_into_the_file(x_N2: np.ndarray, bins: int) -> None:
    pipeline = stream_pipeline(bins=bins)
    x_BF = np.column_stack([np.zeros(len(x_N2)), x_N2]).astype(np.float32)
    choices = choices_of(pipeline, PREDICTIONS, x_BF)
    assert [one.column for one in choices] == ["a", "b"]
    edges = {one.column: one.edges for one in choices if one.edges}
    again = stream_pipeline(bins=bins, edges=edges)
    assert again.drift.edges == edges
    assert choices_of(again, PREDICTIONS, x_BF) == choices, "what the file has makes no difference"


@given(arrays(np.float32, st.integers(1, 80), elements=st.integers(-9, 9).map(float)), st.integers(3, 12))
def test_bins_hold_the_rows_that_those_between_quantiles_hold(column_N: np.ndarray, bins: int) -> None:
    rising_N = np.sort(column_N)
    found = counts_of_sorted(rising_N, np.array(chosen_edges(rising_N, -100, 100, bins)))
    of_quantiles = counts_of_sorted(rising_N, quantile_edges(rising_N.astype(np.float64), bins))
    assert found[found > 0].tolist() == of_quantiles[of_quantiles > 0].tolist()


def test_rows_of_a_skewed_column_are_spread_evenly_and_it_is_told_that_it_matters() -> None:
    random = np.random.default_rng(0)
    x_BF = np.stack(
        [np.zeros(8000), np.clip(random.lognormal(-3, 1, 8000) - 8, -8, 8), random.uniform(-8, 8, 8000)], axis=1
    )
    skewed, even = choices_of(stream_pipeline(), PREDICTIONS, x_BF.astype(np.float32))
    assert (skewed.matters, even.matters) == (True, False)
    assert skewed.fullest_even > 0.95
    assert max(skewed.fullest, even.fullest) <= 1 / 16 + 1e-3
    assert (len(skewed.edges), skewed.rows) == (15, 8000)


@pytest.mark.parametrize(
    ("value", "edges"), [(3.0, (3.0, 3.01)), (np.nan, ()), (-8.0, (-7.99,)), (8.0, ()), (np.inf, ())]
)
def test_a_column_of_one_value_has_a_bin_for_it_if_there_is_room(value: float, edges: tuple[float, ...]) -> None:
    x_BF = np.full((50, 3), value, np.float32)
    x_BF[:, 0] = 0
    one, _ = choices_of(stream_pipeline(), PREDICTIONS, x_BF)
    np.testing.assert_allclose(one.edges, edges, rtol=1e-6)
    assert not one.matters
    assert one.rows == (0 if np.isnan(value) else 50)


def test_no_rows_at_all_choose_nothing() -> None:
    assert [one.edges for one in choices_of(stream_pipeline(), PREDICTIONS, np.zeros((0, 3), np.float32))] == [(), ()]


def test_of_labels_only_numbers_have_edges() -> None:
    x_N3 = np.tile(np.array([[1, 0.25, 0.75], [0, 0.5, 0.5]], np.float32), (20, 1))
    assert [one.column for one in choices_of(small_pipeline(), LABELS, x_N3)] == ["output", "error"]
    target = {"type": "multiclass", "classes": 4}
    assert [one.column for one in choices_of(small_pipeline(target=target), LABELS, x_N3)] == ["error"]
