"""Can a classifier tell the window from its reference? If it can on rows it has not seen, they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from models.drift.statistics.mmd import standardised

Float64 = NDArray[np.float64]
LEAST_ROWS = 4
_RIDGE = 1.0
_STEPS = 25
_CONVERGED = 1e-8


@dataclass(frozen=True, slots=True)
class DomainTest:
    """Area under the ROC curve on rows held out, its p-value, and how much each column tells the two apart.

    `weight_F` are sizes of coefficients of columns of one scale, at least 0.
    """

    auc: float
    p_value: float
    weight_F: Float64


def domain_classifier_test(
    reference_RF: NDArray[np.floating], window_WF: NDArray[np.floating], seed: int
) -> DomainTest:
    """Fit a logistic regression on a random half of each sample, and test its scores on the other by Mann–Whitney.

    It sees each column, its square and whether it is missing: so it finds moves of means, of spreads and of missing
    shares, but not a change of dependence alone, which `mmd_test` does. The p-value supposes independent rows.

    Parameters
    ----------
    reference_RF, window_WF : ndarray of floats, shapes (R, F) and (W, F)
        Not finite is missing.
    seed : int
        Of the halves.

    Returns
    -------
    DomainTest
        Area 0.5 and p-value 1 where one has fewer than `LEAST_ROWS` rows, or all scores are equal.

    References
    ----------
    Lopez-Paz, D. and Oquab, M. (2017). Revisiting classifier two-sample tests. ICLR. Mann, H. B. and Whitney, D. R.
    (1947). On a test of whether one of two random variables is stochastically larger. Annals of Mathematical
    Statistics 18(1).

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> found = domain_classifier_test(random.normal(0, 1, (400, 2)), random.normal([0, 1], 1, (400, 2)), seed=0)
    >>> found.auc > 0.7, found.p_value < 1e-6, int(found.weight_F.argmax())
    (True, True, 1)
    """
    features = reference_RF.shape[1]
    if min(len(reference_RF), len(window_WF)) < LEAST_ROWS:
        return DomainTest(0.5, 1.0, np.zeros(features))
    x_NP = _expanded(*standardised(reference_RF, window_WF))
    is_window_N = np.repeat([0.0, 1.0], [len(reference_RF), len(window_WF)])
    is_fitted_N = _half_of_each(len(reference_RF), len(window_WF), seed)
    weight_P = logistic_regression(x_NP[is_fitted_N], is_window_N[is_fitted_N])
    score_N, held_N = x_NP[~is_fitted_N] @ weight_P, is_window_N[~is_fitted_N] > 0
    weight_F = np.abs(weight_P[1:]).reshape(3, features).sum(axis=0)
    if np.ptp(score_N) == 0:
        return DomainTest(0.5, 1.0, weight_F)
    tested = stats.mannwhitneyu(score_N[held_N], score_N[~held_N], alternative="greater", method="asymptotic")
    pairs = int(held_N.sum()) * int((~held_N).sum())
    return DomainTest(float(tested.statistic) / pairs, float(tested.pvalue), weight_F)


def logistic_regression(x_NP: Float64, y_N: Float64) -> Float64:
    """Weights of a ridge logistic regression by Newton's method; the first column is the intercept, not shrunk.

    Examples
    --------
    >>> x_NP = np.stack([np.ones(4), [-1.0, -1.0, 1.0, 1.0]], axis=1)
    >>> logistic_regression(x_NP, np.array([0.0, 0.0, 1.0, 1.0])).round(2) + 0.0
    array([0.  , 1.04])
    """
    weight_P, ridge_P = np.zeros(x_NP.shape[1]), np.full(x_NP.shape[1], _RIDGE)
    ridge_P[0] = 1e-9
    for _ in range(_STEPS):
        chance_N = special.expit(x_NP @ weight_P)
        slope_P = x_NP.T @ (chance_N - y_N) + ridge_P * weight_P
        curve_PP = (x_NP * (chance_N * (1 - chance_N))[:, None]).T @ x_NP + np.diag(ridge_P)
        step_P = np.linalg.solve(curve_PP, slope_P)
        weight_P = weight_P - step_P
        if np.abs(step_P).max() < _CONVERGED:
            break
    return weight_P


def _expanded(reference_RF: Float64, window_WF: Float64) -> Float64:
    """Intercept, columns, their squares and what is missing: shape (N, 1 + 3F)."""
    x_NF = np.concatenate([reference_RF, window_WF])
    missing_NF = ~np.isfinite(x_NF)
    x_NF = np.clip(np.where(missing_NF, 0.0, x_NF), -10.0, 10.0)
    return np.concatenate([np.ones((len(x_NF), 1)), x_NF, np.square(x_NF), missing_NF], axis=1)


def _half_of_each(reference: int, window: int, seed: int) -> NDArray[np.bool_]:
    random = np.random.default_rng(seed)
    halves = [random.permutation(rows) < rows // 2 for rows in (reference, window)]
    return np.concatenate(halves)
