"""How a drift went: at once, as a mixture of old and new, through all between, for a moment, or as once before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Pattern = Literal["unknown", "abrupt", "gradual", "incremental", "recurring", "blip"]
Counts = NDArray[np.int64]

_WHOLE: Final = 0.8
"""Part of the way that an abrupt drift has gone once a window lies wholly behind its beginning."""
_UNEXPLAINED: Final = 0.3
"""Part of the way that no mixture of old and new accounts for, above which values must have moved between."""


def pattern_of(
    before_K: Counts, course: Sequence[Counts], *, windows: int, returned: bool, recurs: bool, panes: int = 1
) -> Pattern:
    """Name the pattern of a drift that has ended.

    Parameters
    ----------
    before_K : ndarray of int64, shape (K,)
        Histogram, before it, of the column that it was strongest in.
    course : sequence of ndarray of int64, shape (K,)
        Of that column, histograms of its windows: all of the first ones, and the last.
    windows : int
        How many it had.
    returned : bool
        Whether it was then as before.
    recurs : bool
        Whether it led to a state known from an earlier drift.
    panes : int
        How many windows overlap one: a drift that begins within a window is whole in the one `panes` later.

    Returns
    -------
    {"abrupt", "gradual", "incremental", "recurring", "blip"}

    References
    ----------
    Gama, J. et al. (2014). A survey on concept drift adaptation. ACM Computing Surveys 46(4), figure 2.

    Examples
    --------
    >>> old, new = np.array([8, 0, 0]), np.array([0, 0, 8])
    >>> half, between = old + new, np.array([0, 8, 0])
    >>> def of(*course, returned=False):
    ...     return pattern_of(old, course, windows=len(course), returned=returned, recurs=False)
    >>> of(new, new), of(new, returned=True), of(half, half, new), of(between, between, new)
    ('abrupt', 'blip', 'gradual', 'incremental')
    """
    if recurs:
        return "recurring"
    if returned and windows <= panes + 1:
        return "blip"
    if max(way_gone(before_K, counts_K, course[-1])[0] for counts_K in course[: panes + 1]) >= _WHOLE:
        return "abrupt"
    between_K = np.sum(course[:-1], axis=0)
    return "incremental" if way_gone(before_K, between_K, course[-1])[1] > _UNEXPLAINED else "gradual"


def way_gone(before_K: Counts, between_K: Counts, after_K: Counts) -> tuple[float, float]:
    """How far `between_K` lies on the way from `before_K` to `after_K`, and how far beside it.

    Returns
    -------
    part : float
        The best mixture's part of `after_K`: 0 to 1.
    unexplained : float
        What that mixture leaves of the way from `before_K`, in total variation: 0 for a mixture of the two, about 1
        where its rows are in bins that neither has.

    Examples
    --------
    >>> way_gone(np.array([8, 0]), np.array([3, 1]), np.array([0, 4]))
    (0.25, 0.0)
    """
    old_K, middle_K, new_K = (c / max(int(c.sum()), 1) for c in (before_K, between_K, after_K))
    way_K, gone_K = new_K - old_K, middle_K - old_K
    length = float(way_K @ way_K)
    part = min(max(float(gone_K @ way_K) / length, 0.0), 1.0) if length > 0 else 1.0
    gone = float(np.abs(gone_K).sum())
    return part, (float(np.abs(gone_K - part * way_K).sum()) / gone if gone > 0 else 0.0)
