"""Seeded streams of windows of rows, sketched by partition and fed to `advance` as the job does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.derived import Seen, with_derived
from models.drift.event import Drift
from models.drift.histograms import places_of, rows_outside, sketch_rows
from models.drift.moments import moments_of
from models.drift.sample import sample_columns
from models.drift.sketch import SketchPlan, predictions_plan
from models.drift.sketch_row import SketchRow
from models.drift.windows import advance
from schemas.pipeline import Pipeline
from tests.models.drift.pipelines import small_pipeline

Rows = NDArray[np.float32]
Table = dict[str, dict[str, Any]]
PREFIX = "small|predictions"
PANE_MS = 100


def stream_pipeline(**drift: Any) -> Pipeline:
    """Two numbers from −8 to 8, `a` and `b`, and a category, `who`."""
    number = {"type": "number", "range": [-8.0, 8.0]}
    fields = {"who": {"type": "category", "buckets": 64}, "a": number, "b": number}
    drift = {"window": PANE_MS, "reference": 4, "minimum": 50, "bins": 16} | drift
    return small_pipeline(request={"entity": "who", "fields": fields}, drift=drift)


def normal_rows(random: np.random.Generator, count: int = 400, a: float | NDArray[Any] = 0.0) -> Rows:
    """Rows whose `a` lies around the given mean, or means."""
    codes_B = random.integers(0, 6, count).astype(np.float32)
    return np.stack([codes_B, random.normal(a, 1, count), random.normal(0, 1, count)], axis=1).astype(np.float32)


def sketched(
    plan: SketchPlan,
    windows: Iterable[Rows],
    partitions: int = 1,
    seed: int = 0,
    lateness: int = 1,
    champion_of: Callable[[int], tuple[int, float]] = lambda _: (0, 0.0),
    vectors: Sequence[Rows] = (),
    ages: Sequence[NDArray[np.float64]] = (),
) -> list[SketchRow]:
    """Sketches of rows dealt to partitions by chance, arriving in an order that is at most `lateness` windows off.

    `champion_of` tells of a window which version answered in it, and up to when that had learned; `vectors` and `ages`
    are those of its rows, as `models.drift.derived` has them.
    """
    random = np.random.default_rng(seed)
    found: list[tuple[float, SketchRow]] = []
    for w, x_BF in enumerate(windows):
        partition_B = random.integers(0, partitions, len(x_BF))
        id_B = np.array([f"{w}-{i}".encode() for i in range(len(x_BF))], np.bytes_)
        for p in range(partitions):
            mine_BF = x_BF[partition_B == p]
            row_BF = mine_BF
            vector_BV = vectors[w][partition_B == p] if vectors else mine_BF
            age_B = ages[w][partition_B == p] if ages else np.full(len(mine_BF), np.nan)
            mine_BF = with_derived(plan.derived, Seen(mine_BF, vector_BV, age_B))
            group_B = np.zeros(len(mine_BF), np.intp)
            counts = sketch_rows(plan, mine_BF, group_B, 1).ravel()
            outside = rows_outside(plan, mine_BF, group_B, 1).ravel()
            kept = (plan.sample_rows, plan.sample_seed)
            sample = sample_columns(row_BF, id_B[partition_B == p], group_B, 1, *kept)[0] if kept[0] else b""
            end = (w + 1.0) * PANE_MS
            moments = tuple(moments_of(plan, places_of(plan, mine_BF), group_B, 1).ravel().tolist())
            told = (outside, sample, *champion_of(w), moments)
            row = SketchRow(w * PANE_MS, end, len(mine_BF), counts, p, partitions, w, *told)
            found.append((w + p * 1e-3, row))
    late = [(at + random.uniform(0, lateness) if partitions > 1 else at, row) for at, row in found]
    return _in_order_within_partitions(late)


def _in_order_within_partitions(late: list[tuple[float, SketchRow]]) -> list[SketchRow]:
    """Take the places of each partition in arrival, and fill them with its sketches as they were made."""
    arrival = [row.partition for _, row in sorted(late, key=lambda pair: pair[0])]
    waiting = {p: sorted((r for _, r in late if r.partition == p), key=lambda r: r.sequence) for p in set(arrival)}
    return [waiting[p].pop(0) for p in arrival]


def feed(
    pipeline: Pipeline,
    sketches: Sequence[SketchRow],
    table: Table | None = None,
    plan_of: Callable[[Pipeline], SketchPlan] = predictions_plan,
) -> list[Drift]:
    """Advance over sketches; what the table holds goes through JSON, as through a changelog."""
    table, plan, drifts = {} if table is None else table, plan_of(pipeline), list[Drift]()
    for sketch in sketches:
        step = advance(table, PREFIX, plan, pipeline.drift, sketch)
        drifts += step.drifts
        for key, entry in step.writes.items():
            if entry is None:
                table.pop(key, None)
            else:
                table[key] = json.loads(json.dumps(entry, allow_nan=False))
    return drifts


def drifts_of(pipeline: Pipeline, windows: Iterable[Rows], **how: Any) -> list[Drift]:
    """Feed rows of windows, one after another."""
    return feed(pipeline, sketched(predictions_plan(pipeline), windows, **how))
