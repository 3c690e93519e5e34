"""What a closed pane takes over from the one before it: decayed sums, and the last value of what it lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stream_jobs.feature_windows.panes import PaneRows
from stream_jobs.feature_windows.plan import EventPlan

Ints = NDArray[np.int64]


def faded(plan: EventPlan, decayed_HN: Ints, panes_N: Ints) -> NDArray[np.float64]:
    """Decayed sums and counts some panes later, not rounded; nothing is left after the limit.

    Returns
    -------
    ndarray of float64, shape (H, N)
    """
    faded_HN = decayed_HN.astype(np.float64)
    for i, decay in enumerate(plan.decays):
        weight_N = np.where(panes_N < decay.limit, np.exp2(-panes_N / decay.half_life), 0.0)
        faded_HN[2 * i : 2 * i + 2] *= weight_N
    return faded_HN


def carried(plan: EventPlan, start_G: Ints, has_head_G: NDArray[np.bool_], heads: PaneRows, rows: PaneRows) -> PaneRows:
    """Complete the rows of several entities from their predecessors.

    Parameters
    ----------
    start_G : ndarray of int64, shape (G,)
        Where the rows of each entity begin in `rows`, which are sorted by entity and pane.
    has_head_G : ndarray of bool, shape (G,)
        Which entities have an older row.
    heads : PaneRows
        Those older rows, one for each True in `has_head_G`.
    rows : PaneRows
        Merged rows of panes that close.
    """
    before_N = np.arange(len(rows)) - 1
    before_N[start_G] = -1
    last_time_VN, last_VN = rows.last_time_VN.copy(), rows.last_VN.copy()
    decayed_HN = rows.decayed_HN.copy()
    head_at = start_G[has_head_G]
    if len(head_at):
        lacks = rows.count_VN[:, head_at] == 0
        last_time_VN[:, head_at] = np.where(lacks, heads.last_time_VN, last_time_VN[:, head_at])
        last_VN[:, head_at] = np.where(lacks, heads.last_VN, last_VN[:, head_at])
        decayed_HN[:, head_at] += _rounded(plan, heads.decayed_HN, rows.end_N[head_at] - heads.end_N)
    _carry_last(start_G, rows, last_time_VN, last_VN)
    if plan.decays:
        _carry_decays(plan, start_G, rows.end_N, decayed_HN)
    return replace(rows, last_time_VN=last_time_VN, last_VN=last_VN, decayed_HN=decayed_HN)


def _carry_last(start_G: Ints, rows: PaneRows, last_time_VN: NDArray[np.float64], last_VN: NDArray[np.float32]) -> None:
    if (rows.count_VN > 0).all():
        return
    place_N = np.arange(len(rows))
    is_start_N = np.zeros(len(rows), np.bool_)
    is_start_N[start_G] = True
    for value in range(len(rows.count_VN)):
        source_N = np.maximum.accumulate(np.where((rows.count_VN[value] > 0) | is_start_N, place_N, 0))
        last_time_VN[value] = last_time_VN[value][source_N]
        last_VN[value] = last_VN[value][source_N]


def _carry_decays(plan: EventPlan, start_G: Ints, end_N: Ints, decayed_HN: Ints) -> None:
    """Round by round: the second row of every entity from its first, and so on. Rounding forbids a shortcut."""
    size_G = np.diff(start_G, append=len(end_N))
    for step in range(1, int(size_G.max(initial=0))):
        now = (start_G + step)[size_G > step]
        decayed_HN[:, now] += _rounded(plan, decayed_HN[:, now - 1], end_N[now] - end_N[now - 1])


def _rounded(plan: EventPlan, decayed_HN: Ints, panes_N: Ints) -> Ints:
    return np.rint(faded(plan, decayed_HN, panes_N)).astype(np.int64)
