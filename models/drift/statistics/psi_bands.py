"""What a population stability index asks for, by convention."""

from __future__ import annotations

from typing import Literal

Band = Literal["stable", "watch", "act"]


def psi_band(index: float, watch: float = 0.1, act: float = 0.25) -> Band:
    """Name the band of an index: up to `watch` stable, up to `act` to be watched, beyond to be acted upon.

    References
    ----------
    Siddiqi, N. (2006). Credit Risk Scorecards, chapter 10.

    Examples
    --------
    >>> psi_band(0.05), psi_band(0.2), psi_band(0.3)
    ('stable', 'watch', 'act')
    """
    if index > act:
        return "act"
    return "watch" if index > watch else "stable"
