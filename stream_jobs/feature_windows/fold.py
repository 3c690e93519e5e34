"""From decoded events to pane rows: one for each entity and pane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.decoded import Columns
from schemas.entity_key import entity_text
from schemas.hashing import hash64
from stream_jobs.feature_windows.panes import PaneRows, merged
from stream_jobs.feature_windows.plan import COUNT_BITS, EventPlan

_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Folded:
    """Pane rows with the entity, its hash and the source partition of each."""

    entity_N: NDArray[np.bytes_]
    hash_N: NDArray[np.uint64]
    source_N: NDArray[np.int64]
    rows: PaneRows


def folded(plan: EventPlan, pane: int, columns: Columns, source_B: NDArray[np.int64]) -> Folded | None:
    """Fold a batch of events of one kind.

    Parameters
    ----------
    plan : EventPlan
        Which fields make the key, and which values to aggregate.
    pane : int
        Length of a pane, ms.
    columns : mapping
        ``event_time`` float64 (B,), the key fields ``S<n>`` (B,), the values float32 (B,), NaN where missing.
    source_B : ndarray of int64, shape (B,)
        Source partitions, which are kept apart.

    Returns
    -------
    Folded or None
        None if no event has both an entity and a value.
    """
    entity_B = entity_text([columns[f] for f in plan.key_fields])
    value_VB = np.stack([np.asarray(columns[v], np.float32) for v in plan.values]) + np.float32(0)
    keep_B = (entity_B != b"") & ~np.isnan(value_VB).all(axis=0)
    if not keep_B.any():
        return None
    entity_N, source_N = entity_B[keep_B], source_B[keep_B]
    rows = event_rows(plan, pane, np.asarray(columns["event_time"], np.float64)[keep_B], value_VB[:, keep_B])
    hash_N = hash64(entity_N)
    # Rows that agree in this key but not in what it stands for only stay unmerged: `windows` merges them.
    mixed_N = (hash_N + rows.end_N.astype(np.uint64) * _ODD) ^ (source_N.astype(np.uint64) << np.uint64(48))
    order_N = np.argsort(mixed_N, kind="stable")
    starts_G = _runs(entity_N[order_N], rows.end_N[order_N], source_N[order_N])
    first_G = order_N[starts_G]
    return Folded(entity_N[first_G], hash_N[first_G], source_N[first_G], merged(starts_G, rows.take(order_N)))


def event_rows(plan: EventPlan, pane: int, time_N: NDArray[np.float64], value_VN: NDArray[np.float32]) -> PaneRows:
    """Write each event as a pane row of its own; a missing value counts for nothing."""
    end_N = np.floor(time_N / pane).astype(np.int64) + 1
    known_VN = ~np.isnan(value_VN)
    scale_V1 = np.exp2(np.array(plan.bits, np.float64))[:, None]
    exact_VN = np.where(known_VN, value_VN.astype(np.float64) * scale_V1, 0.0)
    return PaneRows(
        end_N,
        known_VN.astype(np.int64),
        np.rint(exact_VN).astype(np.int64),
        np.where(known_VN, value_VN, np.float32(np.inf)),
        np.where(known_VN, value_VN, np.float32(-np.inf)),
        np.where(known_VN, time_N, -np.inf),
        np.where(known_VN, value_VN, np.float32(-np.inf)),
        _decayed(plan, end_N - time_N / pane, exact_VN, known_VN),
    )


def _decayed(
    plan: EventPlan, left_N: NDArray[np.float64], exact_VN: NDArray[np.float64], known_VN: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Decayed sums and counts at the pane's end, which is `left_N` panes after the event."""
    decayed_HN = np.zeros((2 * len(plan.decays), len(left_N)), np.int64)
    for i, decay in enumerate(plan.decays):
        weight_N = np.exp2(-left_N / decay.half_life)
        decayed_HN[2 * i] = np.rint(exact_VN[decay.value] * weight_N).astype(np.int64)
        decayed_HN[2 * i + 1] = np.rint(known_VN[decay.value] * weight_N * 2.0**COUNT_BITS).astype(np.int64)
    return decayed_HN


def _runs(*keys: NDArray[np.generic]) -> NDArray[np.int64]:
    """Where runs of equal keys begin."""
    changed_N = np.zeros(len(keys[0]), np.bool_)
    changed_N[0] = True
    for key_N in keys:
        changed_N[1:] |= key_N[1:] != key_N[:-1]
    return np.flatnonzero(changed_N)
