"""How a change came about, told from the distances of the windows around it. T windows."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Pattern = Literal["none", "abrupt", "gradual", "incremental", "recurring", "blip"]

BLIP_WINDOWS = 3
"""Windows in a row, at most, that a blip touches."""
_STAY_WINDOWS = 4
_LEFT, _ARRIVED = 0.3, 0.7
_ALTERNATION = 1.8
_BENT = 0.06


def pattern_of(distance_T: Float64, threshold: float, back_T: Float64 | None = None) -> Pattern:
    """Name the pattern of a change.

    Blip: it was there for up to `BLIP_WINDOWS` windows, and is gone. Recurring: it stayed, and what was before has come
    back. Abrupt: it came within about a window, and stays. Gradual: windows, or rows in them, were now of the old, now
    of the new, until only the new was left. Incremental: it passed through all that lies between.

    What alternates from window to window shows as ups and downs of the distance. What is mixed within windows rises as
    smoothly as what moves step by step, so the two are told apart by the distance to the new regime: a mixture lies on
    the straight line between old and new, the distances to which add up to that between them; a path through what lies
    between is longer. Without `back_T` a smooth rise is called incremental.

    Parameters
    ----------
    distance_T : ndarray of float64, shape (T,)
        Of each window from the reference, in their order, with some windows before the change and all since. For
        `back_T` to tell anything it must be a metric that a mixture goes straight in, as Kolmogorov–Smirnov.
    threshold : float
        Above which a window differs from the reference.
    back_T : ndarray of float64, shape (T,), optional
        Distance of each window from the latest ones, by the same statistic.

    Returns
    -------
    str
        ``none`` where no window is above the threshold. The pattern of a change that goes on is that so far.

    References
    ----------
    The patterns: Gama, J., Žliobaitė, I., Bifet, A., Pechenizkiy, M. and Bouchachia, A. (2014). A survey on concept
    drift adaptation. ACM Computing Surveys 46(4), figure 2.

    Examples
    --------
    >>> low, high = np.full(8, 0.05), np.full(8, 0.6)
    >>> pattern_of(np.concatenate([low, high]), 0.1)
    'abrupt'
    >>> pattern_of(np.concatenate([low, high[:2], low]), 0.1), pattern_of(np.concatenate([low, high, low]), 0.1)
    ('blip', 'recurring')
    >>> pattern_of(np.concatenate([low, np.linspace(0.1, 0.6, 9), high]), 0.1)
    'incremental'
    >>> pattern_of(np.concatenate([low, np.array([0.6, 0.05, 0.05, 0.6, 0.05, 0.6, 0.6, 0.05]), high]), 0.1)
    'gradual'
    """
    differs_T = distance_T > threshold
    if not differs_T.any():
        return "none"
    runs = [(differs, len(list(run))) for differs, run in groupby(differs_T.tolist())]
    if not differs_T[-1]:
        return "blip" if np.ptp(np.flatnonzero(differs_T)) < BLIP_WINDOWS else "recurring"
    if _came_back(runs):
        return "recurring"
    return _arrival(distance_T, int(differs_T.argmax()), runs[-1][1], back_T)


def _came_back(runs: list[tuple[bool, int]]) -> bool:
    """Whether the new stayed a while, and then the old did."""
    stays = [differs for differs, length in runs if length >= _STAY_WINDOWS]
    return any(new and not old for new, old in pairwise(stays))


def _arrival(distance_T: Float64, first: int, lasting: int, back_T: Float64 | None) -> Pattern:
    """Tell patterns apart that end with the new regime."""
    before, latest = max(1, first), min(_STAY_WINDOWS, lasting)
    low, high = float(np.median(distance_T[:before])), float(np.median(distance_T[-latest:]))
    way_T = (distance_T - low) / max(high - low, 1e-12)
    start, end = int((way_T > _LEFT).argmax()), len(way_T) - int((way_T < _ARRIVED)[::-1].argmax())
    if end - start <= 1:
        return "abrupt"
    if _ups_and_downs(way_T, start, end) > _ALTERNATION:
        return "gradual"
    if back_T is not None and _bend(distance_T, back_T, way_T, high) < _BENT:
        return "gradual"
    return "incremental"


def _ups_and_downs(way_T: Float64, start: int, end: int) -> float:
    """Length of the way between old and new, in ways that go straight; less what chance adds to it."""
    step_T = np.abs(np.diff(way_T))
    calm_T = np.concatenate([step_T[: max(0, start - 1)], step_T[end:]])
    noise = float(np.median(calm_T)) if len(calm_T) else 0.0
    return float(np.maximum(step_T[max(0, start - 1) : end] - noise, 0.0).sum())


def _bend(distance_T: Float64, back_T: Float64, way_T: Float64, whole: float) -> float:
    """By how much the windows between old and new lie off the straight line, as a share of its length."""
    between_T = (way_T > _LEFT) & (way_T < _ARRIVED)
    return float(np.median((distance_T + back_T)[between_T])) / max(whole, 1e-12) - 1 if between_T.any() else np.inf
