"""Thresholds that give at most one false alarm in N windows, from what windows looked like when nothing was wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Table = NDArray[np.floating]


def conformal_threshold(past_N: Float64, windows_per_alarm: int) -> float:
    """The threshold that a further window exceeds with a chance of at most 1 / `windows_per_alarm`.

    It holds for any statistic of any distribution, if the further window could as well have stood anywhere among the
    past ones: where nothing drifts. It does not suppose that rows are independent, only windows exchangeable.

    Parameters
    ----------
    past_N : ndarray of float64, shape (N,)
        Statistics of past windows, or those of `resampled_statistics`; not NaN.
    windows_per_alarm : int
        At least 1.

    Returns
    -------
    float
        Infinity, so never an alarm, until there are `windows_per_alarm` − 1 of them: fewer cannot tell.

    References
    ----------
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World, chapter 2.

    Examples
    --------
    >>> conformal_threshold(np.arange(1.0, 100.0), 20), conformal_threshold(np.arange(5.0), 20)
    (95.0, inf)
    """
    if windows_per_alarm < 1:
        raise ValueError(f"One false alarm in {windows_per_alarm} windows is no setting. Give 1 or more.")
    rank = len(past_N) + 1 - (len(past_N) + 1) // windows_per_alarm
    return float(np.sort(past_N)[rank - 1]) if 1 <= rank <= len(past_N) else (-math.inf if rank < 1 else math.inf)


def tracked_threshold(threshold: float, statistic: float, windows_per_alarm: int, step: float) -> float:
    """Move a threshold after each window: up when it was exceeded, a little down when not.

    Of any T windows, drifting or not, at most T / `windows_per_alarm` + (highest statistic − first threshold) / `step`
    + 1 are then above theirs: for streams that never stand still, on which no past window promises anything.

    Parameters
    ----------
    threshold, statistic : float
        Of the window just judged, in one unit.
    windows_per_alarm : int
    step : float
        Above 0: how far an alarm raises it; of the size of the statistic's usual spread.

    Returns
    -------
    float
        For the next window.

    References
    ----------
    Gibbs, I. and Candès, E. (2021). Adaptive conformal inference under distribution shift. NeurIPS. Angelopoulos, A.,
    Candès, E. and Tibshirani, R. (2023). Conformal PID control for time series prediction. NeurIPS.

    Examples
    --------
    >>> tracked_threshold(1.0, 2.0, 10, 0.5), tracked_threshold(1.0, 0.5, 10, 0.5)
    (1.45, 0.95)
    """
    return threshold + step * ((statistic > threshold) - 1 / windows_per_alarm)


def resampled_rows(rows: int, size: int, block: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Draw row numbers in runs of `block` neighbours (the first follows the last), so that what depends stays together.

    References
    ----------
    Politis, D. N. and Romano, J. P. (1992). A circular block-resampling procedure for stationary data. In: Exploring
    the Limits of Bootstrap.

    Examples
    --------
    >>> resampled_rows(10, 6, 3, np.random.default_rng(0))
    array([8, 9, 0, 6, 7, 8])
    """
    start_D = random.integers(0, rows, -(-size // block))
    return ((start_D[:, None] + np.arange(block)) % rows).ravel()[:size]


def resampled_statistics(
    x_RF: Table, size: int, block: int, draws: int, seed: int, statistic: Callable[[Table, Table], float]
) -> Float64:
    """Statistics of windows that do not differ, drawn with their references from one sample.

    Both sides are drawn, for a window taken out of its own reference would lie too near to it.

    Parameters
    ----------
    x_RF : ndarray of floats, shape (R, F)
        The reference, in the order of the stream.
    size : int
        Rows of a window.
    block : int
        Rows that are drawn together: longer than neighbours depend on one another. 1 is the plain bootstrap.
    draws : int
    seed : int
    statistic : callable
        Of a reference (R, F) and a window (size, F).

    Returns
    -------
    ndarray of float64, shape (draws,)
        For `conformal_threshold`.

    Examples
    --------
    >>> distance = lambda reference_RF, window_NF: abs(reference_RF.mean() - window_NF.mean())
    >>> values_RF = np.random.default_rng(0).normal(size=(1000, 1))
    >>> null_D = resampled_statistics(values_RF, 100, 1, 199, seed=0, statistic=distance)
    >>> 0.15 < conformal_threshold(null_D, 20) < 0.25  # 1.96 / √100 is 0.196, and the reference varies too
    True
    """
    random = np.random.default_rng(seed)
    drawn = (
        (resampled_rows(len(x_RF), len(x_RF), block, random), resampled_rows(len(x_RF), size, block, random))
        for _ in range(draws)
    )
    return np.array([statistic(x_RF[reference], x_RF[window]) for reference, window in drawn], np.float64)
