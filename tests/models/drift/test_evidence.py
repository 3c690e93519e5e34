"""Evidence and verdict of single windows."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.drift.evidence import Evidence, weigh
from models.drift.histograms import rows_outside, sketch_rows
from models.drift.sketch import predictions_plan
from models.drift.tally import Tally, tally_of
from models.drift.verdict import bar_of, judge
from schemas.pipeline_drift import Drift as DriftSpec
from tests.models.drift.streams import Rows, normal_rows, stream_pipeline

PIPELINE = stream_pipeline()
PLAN = predictions_plan(PIPELINE)


def tally(x_BF: Rows) -> Tally:
    group_B = np.zeros(len(x_BF), np.intp)
    return Tally(0, 100, sketch_rows(PLAN, x_BF, group_B, 1)[0], rows_outside(PLAN, x_BF, group_B, 1)[0])


def weighed(test: str, window_BF: Rows, reference_BF: Rows) -> Evidence:
    spec = stream_pipeline(tests={"columns": {"a": test, "b": "none", "who": "none"}}).drift
    return weigh(PLAN, spec, "covariate", tally(window_BF), tally(reference_BF))


def test_effects_are_those_of_the_rows_within_what_the_bins_hide() -> None:
    random = np.random.default_rng(0)
    window_BF, reference_BF = normal_rows(random, 3000, a=1.0), normal_rows(random, 5000)
    sides = window_BF[:, 1], reference_BF[:, 1]
    ks = weighed("ks", window_BF, reference_BF)
    assert 0 <= stats.ks_2samp(*sides).statistic - ks.effect_T[0] < 0.2
    moved = weighed("wasserstein", window_BF, reference_BF).effect_T[0] * 16
    assert abs(stats.wasserstein_distance(*sides) - moved) < 0.1
    chi = weighed("chi_squared", window_BF, reference_BF)
    table_2K = np.stack([tally(x_BF).present_FK[1] for x_BF in (window_BF, reference_BF)])
    table_2K = table_2K[:, table_2K.sum(axis=0) > 0]
    assert math.isclose(chi.effect_T[0], stats.contingency.association(table_2K, "cramer"), rel_tol=1e-9)


def test_the_bin_for_missing_is_no_part_of_a_covariate() -> None:
    random = np.random.default_rng(1)
    window_BF, reference_BF = normal_rows(random, 3000), normal_rows(random, 3000)
    window_BF[:1500, 1] = np.nan
    assert weighed("psi", window_BF, reference_BF).effect_T[0] < 0.1


def test_a_tally_is_written_and_read_to_the_last_row() -> None:
    random = np.random.default_rng(3)
    written = tally(normal_rows(random, 5000, a=7.0))
    entry = json.loads(json.dumps(written.to_json()))
    read = tally_of(PLAN, [entry, entry], 0, 100)
    assert (read.counts_FB == 2 * written.counts_FB).all()
    assert (read.outside_F == 2 * written.outside_F).all()


def test_too_few_rows_are_no_test() -> None:
    random = np.random.default_rng(2)
    found = weighed("psi", normal_rows(random, 40, a=4.0), normal_rows(random, 400))
    assert found.effect_T.tolist() == [0.0]
    assert np.isnan(found.p_T).all()
    assert judge(found, PIPELINE.drift).severity == "none"


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), min_size=1, max_size=8), st.floats(1, 5))
def test_what_chance_explains_and_what_is_below_the_bar_does_not_count(
    tests: list[tuple[float, float]], bar: float
) -> None:
    effect_T, p_T = np.array(tests).T
    bands_T = np.full(len(tests), 0.1)
    found = judge(
        Evidence(tuple(range(len(tests))), ("psi",) * len(tests), effect_T, p_T, bands_T, 2 * bands_T), DriftSpec(), bar
    )
    assert all(effect_T[t] > 0.1 * bar and found.p_T[t] <= DriftSpec().alpha for t in found.strongest)
    assert (found.severity == "none") == (not found.strongest)
    assert list(effect_T[list(found.strongest)]) == sorted(effect_T[list(found.strongest)], reverse=True)


@given(st.lists(st.floats(0, 50), max_size=200), st.integers(2, 60))
def test_no_more_of_the_past_than_allowed_is_above_the_bar(past: list[float], windows: int) -> None:
    bar = bar_of(past, windows)
    assert bar >= 1
    assert sum(score > bar for score in past) <= (len(past) + 1) / windows
