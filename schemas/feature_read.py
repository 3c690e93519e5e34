"""From a batch of requests to the window part of their vectors: keys to fetch, then values to columns.

::

    query = feature_query(pipeline, layout, columns)      # columns of the decoded Request records
    read = window_vectors(query, store.read(query.keys))  # one round trip; again while stale, up to windows.wait
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.entity_key import entity_text
from schemas.feature_as_of import read_as_of
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.layout import EntityKind, Layout
from schemas.pipeline import Pipeline
from schemas.redis_keys import feature_keys, watermark_key


@dataclass(frozen=True, slots=True)
class KindQuery:
    """Where the values of one entity kind stand in the answer: from `first`, `count` of them."""

    kind: EntityKind
    row_B: NDArray[np.intp]
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """What to fetch for a batch: watermarks of all `partitions`, then each distinct entity once."""

    keys: tuple[bytes, ...]
    kinds: tuple[KindQuery, ...]
    time_B: NDArray[np.float64]
    """As of when each row is read: the end of the last pane at or before its request's time, ms."""
    partitions: int
    reach_ms: int
    fingerprint: int


@dataclass(frozen=True, slots=True)
class WindowVectors:
    """The window columns of a batch, W of them, in the order of the layout."""

    x_BW: NDArray[np.float32]
    features_time_B: NDArray[np.float64]
    """End of the pane read: `time_B`, or the watermark where it has not come that far. NaN if nothing is published."""
    stale_B: NDArray[np.bool_]
    """The watermark has not reached the time asked for."""
    out_of_reach_B: NDArray[np.bool_]
    """The time asked for is older than the snapshots of some entity, or than all that are kept if it has none; that
    entity's columns are NaN."""
    watermark: float
    """Least over the partitions, ms; -inf if one has published nothing."""


def feature_query(
    pipeline: Pipeline, layout: Layout, columns: Mapping[str, NDArray[Any]], fingerprint: int | None = None
) -> FeatureQuery:
    """Build the one fetch for a batch of requests.

    Parameters
    ----------
    pipeline, layout : Pipeline, Layout
        Without entity kinds in `layout` there is nothing to fetch and `keys` is empty.
    columns : mapping
        Decoded Request records: ``request_time`` float64 (B,), and the key fields ``S<n>`` (B,).
    fingerprint : int, optional
        `windows_fingerprint`, for callers that ask often: computing it takes milliseconds.
    """
    if fingerprint is None:
        fingerprint = windows_fingerprint(pipeline, layout)
    pane = pipeline.windows.pane
    time_B = np.floor(np.asarray(columns["request_time"], np.float64) / pane) * pane
    partitions = pipeline.topics.partitions if layout.kinds else 0
    keys = [watermark_key(pipeline.pipeline, p) for p in range(partitions)]
    kinds = []
    for kind in layout.kinds:
        texts = entity_text([columns[f] for f in kind.request_fields]).tolist()
        distinct = [text for text in dict.fromkeys(texts) if text]
        places = dict(zip(distinct, range(len(distinct)), strict=True)) | {b"": -1}
        row_B = np.fromiter(map(places.__getitem__, texts), np.intp, len(texts))
        kinds.append(KindQuery(kind, row_B, len(keys), len(distinct)))
        keys += feature_keys(pipeline.pipeline, kind.name, distinct)
    reach = pipeline.windows.snapshots * pane
    return FeatureQuery(tuple(keys), tuple(kinds), time_B, partitions, reach, fingerprint)


def window_vectors(query: FeatureQuery, values: Sequence[bytes | None]) -> WindowVectors:
    """Turn the fetched values (aligned with ``query.keys``) into columns. Never fails for strange bytes."""
    rows = len(query.time_B)
    watermark = min((unpack_watermark(v, query.fingerprint) for v in values[: query.partitions]), default=np.inf)
    # A partition may be ahead of the watermark: what is read there must not be newer than what is said to be.
    read_at_B = np.minimum(query.time_B, watermark) if query.kinds else np.full(rows, np.nan)
    out_B = np.zeros(rows, np.bool_)
    parts = [np.empty((rows, 0), np.float32)]
    for k in query.kinds:
        held = values[k.first : k.first + k.count]
        read = read_as_of(held, k.row_B, read_at_B, k.kind, query.reach_ms, query.fingerprint)
        # An entity that is quiet for long is let go of; what it was before the snapshots reach nobody knows any more.
        gone_B = read.unheard_B & (read_at_B < watermark - query.reach_ms)
        read.x_BC[gone_B | np.isneginf(read_at_B)] = np.nan  # without a watermark nothing is known of anybody
        parts.append(read.x_BC)
        out_B |= read.out_of_reach_B | gone_B
    read_at_B = np.where(np.isfinite(read_at_B), read_at_B, np.nan)
    stale_B = query.time_B > watermark
    return WindowVectors(np.concatenate(parts, axis=1), read_at_B, stale_B, out_B, float(watermark))
