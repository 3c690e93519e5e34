"""Schedules of the learning rate, by the number of examples learned, so that a learner brought back goes on with it."""

from __future__ import annotations

import math
from typing import Final, assert_never

from schemas.pipeline_optimiser import Schedule

_RISE: Final = 0.3
"""Share of one cycle in which the rate rises."""


def rate_factor(schedule: Schedule, age: int) -> float:
    """By what the rate is multiplied.

    Parameters
    ----------
    age : int
        Examples learned since the schedule began.

    Returns
    -------
    float
        From `floor` to 1, and less than the floor only while it warms up.

    References
    ----------
    Goyal et al. 2017: Accurate, large minibatch SGD (linear warm-up).
    Loshchilov, Hutter 2017: SGDR, stochastic gradient descent with warm restarts (cosine, restarts).
    Smith, Topin 2018: Super-convergence (one cycle).

    Examples
    --------
    >>> [rate_factor(Schedule(kind="step", period=10, factor=0.5, floor=0), age) for age in (0, 10, 20)]
    [1.0, 0.5, 0.25]
    >>> [round(rate_factor(Schedule(kind="cosine", period=10, floor=0), age), 6) for age in (0, 5, 10, 99)]
    [1.0, 0.5, 0.0, 0.0]
    """
    if age < schedule.warm_up:
        return (age + 1) / (schedule.warm_up + 1)
    since = age - schedule.warm_up
    if schedule.restart == "period":
        since %= schedule.period
    return schedule.floor + (1 - schedule.floor) * _course(schedule, since / schedule.period)


def _course(schedule: Schedule, part: float) -> float:
    """1 to 0 over the periods since the warm-up."""
    match schedule.kind:
        case "constant":
            return 1.0
        case "step":
            return float(schedule.factor ** math.floor(part))
        case "exponential":
            return float(schedule.factor**part)
        case "cosine":
            return _half_wave(min(part, 1.0))
        case "one_cycle":
            return _half_wave(1 - part / _RISE) if part < _RISE else _half_wave(min((part - _RISE) / (1 - _RISE), 1.0))
        case kind:
            assert_never(kind)


def _half_wave(part: float) -> float:
    """From 1 at 0 down to 0 at 1."""
    return (1 + math.cos(math.pi * part)) / 2
