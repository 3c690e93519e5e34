"""Where the definition is the same, the statistics are scipy's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial import distance

from models.drift.statistics.chi_squared import chi_squared
from models.drift.statistics.jensen_shannon import jensen_shannon
from models.drift.statistics.kolmogorov_smirnov import ks_statistic
from models.drift.statistics.ks_distribution import Method, ks_p_values
from models.drift.statistics.reference import reference_of
from models.drift.statistics.two_sample import compare
from models.drift.statistics.wasserstein import wasserstein

numbers = st.floats(-1e3, 1e3)
few_values = st.integers(-3, 3).map(float)
samples = st.one_of(
    arrays(np.float64, st.integers(1, 40), elements=numbers),
    arrays(np.float64, st.integers(1, 40), elements=few_values),
)
histograms = arrays(np.int64, (3, 5), elements=st.integers(0, 500))
SCIPYS: dict[Method, str] = {"auto": "auto", "exact": "exact", "asymptotic": "asymp"}


@given(samples, samples, st.sampled_from(sorted(SCIPYS)))
@settings(max_examples=100, deadline=None)
def test_kolmogorov_smirnov_is_scipys(reference_R: np.ndarray, window_W: np.ndarray, method: Method) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = stats.ks_2samp(reference_R, window_W, method=SCIPYS[method])
    statistic = ks_statistic(np.sort(reference_R), np.sort(window_W))
    assert statistic == pytest.approx(theirs.statistic, abs=1e-9)
    p_F = ks_p_values(np.array([statistic]), len(reference_R), len(window_W), method)
    theirs_is_no_number = np.isnan(theirs.pvalue)  # a row against a row, asymptotically
    assert p_F[0] == pytest.approx(1.0 if theirs_is_no_number else theirs.pvalue, abs=1e-9)


@pytest.mark.parametrize(("rows", "of_window"), [(10_000, 10_000), (3_000, 2_700), (12_000, 9_000), (7, 5_000)])
@pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
def test_large_samples_are_scipys_too(rows: int, of_window: int, shift: float) -> None:
    random = np.random.default_rng(rows)
    reference_R, window_W = random.normal(size=rows), random.normal(shift, 1, of_window)
    theirs = stats.ks_2samp(reference_R, window_W)
    found = compare(reference_of(reference_R[:, None]), window_W[:, None])
    assert found.ks_F[0] == pytest.approx(theirs.statistic, abs=1e-9)
    assert found.ks_p_F[0] == pytest.approx(theirs.pvalue, abs=1e-9, rel=1e-6)
    moved = stats.wasserstein_distance(reference_R, window_W)
    assert found.wasserstein_F[0] == pytest.approx(moved, abs=1e-9)


@given(st.integers(10, 3000), st.integers(10, 3000), st.floats(0.3, 2.0))
@settings(max_examples=60, deadline=None)
def test_the_limit_distribution_is_as_near_as_stated(rows: int, of_window: int, scaled: float) -> None:
    effective = rows * of_window / (rows + of_window)
    statistic_F = np.array([min(scaled / np.sqrt(effective), 1.0)])
    near, exact = (ks_p_values(statistic_F, rows, of_window, method)[0] for method in ("limit", "asymptotic"))
    assert near == pytest.approx(exact, abs=0.015 if effective >= 100 else 0.03)


@given(samples, samples)
@settings(max_examples=100, deadline=None)
def test_wasserstein_is_scipys(reference_R: np.ndarray, window_W: np.ndarray) -> None:
    theirs = stats.wasserstein_distance(reference_R, window_W)
    assert wasserstein(np.sort(reference_R), np.sort(window_W)) == pytest.approx(theirs, abs=1e-9, rel=1e-9)


@given(histograms, histograms)
def test_chi_squared_and_jensen_shannon_are_scipys(window_FK: np.ndarray, reference_FK: np.ndarray) -> None:
    statistic_F, p_F = chi_squared(window_FK, reference_FK)
    distance_F = jensen_shannon(window_FK, reference_FK)
    for f, table_2K in enumerate(np.stack([window_FK, reference_FK], axis=1)):
        held_2K = table_2K[:, table_2K.sum(axis=0) > 0]
        if (table_2K.sum(axis=1) == 0).any():
            assert (statistic_F[f], p_F[f], distance_F[f]) == (0, 1, 0)
            continue
        theirs = stats.chi2_contingency(held_2K, correction=False)
        assert statistic_F[f] == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
        assert p_F[f] == pytest.approx(theirs.pvalue, abs=1e-9)
        # Rounding under a square root: where the proportions are equal, scipy's own distance is up to 1e-8.
        theirs_squared = np.nan_to_num(distance.jensenshannon(*table_2K)) ** 2
        assert distance_F[f] ** 2 == pytest.approx(theirs_squared, abs=1e-14, rel=1e-9)
