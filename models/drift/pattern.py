"""How a drift went: at once, as a mixture of old and new, through all between, for a moment, or as once before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Pattern = Literal["unknown", "abrupt", "gradual", "incremental", "recurring", "blip"]
Counts = NDArray[np.int64]

_WHOLE: Final = 0.7
"""Part of its largest score that an abrupt drift has reached once a window lies wholly behind its beginning."""
_UNEXPLAINED: Final = 0.3
"""Part of the way that no mixture of old and new accounts for, above which values must have moved between."""


def pattern_of(
    scores: Sequence[float],
    before_K: Counts,
    course: Sequence[Counts],
    *,
    returned: bool,
    recurs: bool,
    panes: int = 1,
) -> Pattern:
    """Name the pattern of a drift that has ended.

    Parameters
    ----------
    scores : sequence of float
        How far each of its windows was from what was before it, in any unit; one at least.
    before_K : ndarray of int64, shape (K,)
        Histogram, before it, of the column that it was strongest in.
    course : sequence of ndarray of int64, shape (K,)
        Of that column, a histogram of each of its windows.
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
    >>> def of(course, scores, returned=False):
    ...     return pattern_of(scores, old, course, returned=returned, recurs=False)
    >>> of([new, new], [9, 9]), of([new], [9], returned=True)
    ('abrupt', 'blip')
    >>> of([half, half, new], [2, 2, 9]), of([between, between, new], [2, 2, 9])
    ('gradual', 'incremental')
    """
    if recurs:
        return "recurring"
    if returned and len(scores) <= panes + 1:
        return "blip"
    if max(scores[: panes + 1]) >= _WHOLE * max(scores):
        return "abrupt"
    return "incremental" if unexplained(before_K, np.sum(course[:-1], axis=0), course[-1]) > _UNEXPLAINED else "gradual"


def unexplained(before_K: Counts, between_K: Counts, after_K: Counts) -> float:
    """Part of the way from `before_K` to `between_K` that the best mixture with `after_K` leaves.

    Returns
    -------
    float
        In total variation: 0 for a mixture of the two, about 1 where its rows are in bins that neither has.

    Examples
    --------
    >>> unexplained(np.array([8, 0]), np.array([3, 1]), np.array([0, 4]))
    0.0
    """
    old_K, middle_K, new_K = (c / max(int(c.sum()), 1) for c in (before_K, between_K, after_K))
    way_K, gone_K = new_K - old_K, middle_K - old_K
    length = float(way_K @ way_K)
    part = min(max(float(gone_K @ way_K) / length, 0.0), 1.0) if length > 0 else 0.0
    gone = float(np.abs(gone_K).sum())
    return float(np.abs(gone_K - part * way_K).sum()) / gone if gone > 0 else 0.0
