"""Vectors are as the layout says, and nonsense from a model is told from an answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from schemas.feature_read import WindowVectors
from schemas.hashing import hash_text
from schemas.status import Status
from services.predictor.core import Windows, checked_outputs, prior_output, vectors, verdicts
from services.predictor.serving_model import probe_rows
from tests.services.predictor.world import contracts, pipeline, requests

LAYOUTS = {target: contracts(target).layout for target in ("binary", "multiclass", "regression")}


@given(
    sizes=st.lists(st.one_of(st.floats(0, 10, width=32), st.just(float("nan"))), min_size=1, max_size=5),
    shades=st.lists(st.text("abcé", max_size=4), min_size=5, max_size=5),
)
def test_a_vector_holds_what_the_layout_names(sizes: list[float], shades: list[str]) -> None:
    known = contracts()
    shades = shades[: len(sizes)]
    shown = np.array([s.encode() for s in shades])
    part = known.decode(
        requests(known, [f"r{i}" for i in range(len(sizes))], size=sizes, shade=shown), ("Request",)
    ).part("Request")
    assert part is not None
    x_BF = vectors(known.layout, part.columns, np.tile(np.array([7, 8], np.float32), (len(sizes), 1)))
    place = known.layout.names.index
    assert x_BF.dtype == np.float32
    np.testing.assert_array_equal(x_BF[:, place("size")], np.array(sizes, np.float32))
    codes = [hash_text(s) % 4 if s else np.nan for s in shades]
    np.testing.assert_array_equal(x_BF[:, place("shade")], codes)
    np.testing.assert_array_equal(x_BF[:, -2:], [[7, 8]] * len(sizes))


@given(hnp.arrays(np.float32, (6, 3), elements=st.floats(-2, 2, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])))
def test_answers_are_finite_and_probabilities(output_BK: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    for target, layout in LAYOUTS.items():
        clean_BK, good_B = checked_outputs(layout, output_BK)
        assert np.isfinite(clean_BK[good_B]).all()
        np.testing.assert_allclose(clean_BK[good_B], output_BK[good_B], atol=1e-6)
        inside = np.isfinite(output_BK).all(axis=1)
        if target != "regression":
            assert ((clean_BK[good_B] >= 0) & (clean_BK[good_B] <= 1)).all()
            inside &= ((output_BK >= 0) & (output_BK <= 1)).all(axis=1)
        assert good_B[inside].all()


@pytest.mark.parametrize(
    ("target", "expected"), [("binary", [0.5]), ("multiclass", [1 / 3] * 3), ("regression", [10.0])]
)
def test_without_a_word_in_the_file_the_prior_is_the_middle(target: str, expected: list[float]) -> None:
    np.testing.assert_allclose(prior_output(pipeline(target)), expected, rtol=1e-6)
    np.testing.assert_allclose(prior_output(pipeline(target, prior=[0.25] * len(expected))), 0.25)


@given(
    flags=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=8),
    has_model=st.booleans(),
    models_away=st.booleans(),
    models_lost=st.booleans(),
    away=st.booleans(),
)
def test_the_worst_that_befell_a_row_is_its_status(
    flags: list[tuple[bool, bool, bool]], has_model: bool, models_away: bool, models_lost: bool, away: bool
) -> None:
    late_B, reach_B, good_B = np.array(flags).T
    nothing = np.zeros((len(flags), 0), np.float32)
    windows = Windows(WindowVectors(nothing, np.zeros(len(flags)), late_B, reach_B, 0.0), away)
    found = verdicts(windows, has_model, models_away, models_lost, good_B)
    for late, reach, good, status, reason in zip(late_B, reach_B, good_B, found.status_B, found.reason_B, strict=True):
        expected = (
            Status.ERROR
            if not good
            else Status.PRIOR
            if not has_model
            else Status.DEGRADED
            if away or models_away or models_lost
            else Status.STALE
            if late or reach
            else Status.OK
        )
        assert status == expected
        assert bool(reason) == (status != Status.OK)


def test_probes_stay_within_what_requests_may_hold() -> None:
    layout = LAYOUTS["binary"]
    x_BF = probe_rows(layout, 8)
    for place, (buckets, (low, high)) in enumerate(zip(layout.buckets, layout.ranges, strict=True)):
        held = x_BF[:, place][~np.isnan(x_BF[:, place])]
        assert (held >= low).all()
        assert (held < buckets if buckets else held <= high).all()
    required = [place for place, c in enumerate(layout.request) if c.reject_missing]
    assert not np.isnan(x_BF[:, required]).any()
