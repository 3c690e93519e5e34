"""Sketches as the predictor would write them, and drifts as dashboards would read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.drift.sketch import predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from schemas.contracts import Contracts, contracts_of
from tests.models.drift.pipelines import small_pipeline

ROWS = 200
SKETCHES, DRIFT, DEAD_LETTERS = "small.sketches.v1", "small.drift.v1", "small.dead-letters.v1"


def small_contracts() -> Contracts:
    return contracts_of(small_pipeline(topics={"partitions": 2}))


def sketches(contracts: Contracts, windows: Sequence[int], moved: int) -> list[bytes]:
    """Two partitions' sketches of windows of 100 ms; from window `moved` on, sizes lie in the upper half."""
    plan, values = predictions_plan(contracts.pipeline), []
    for window in windows:
        rng = np.random.default_rng(window)
        size_B = rng.uniform(4, 8, ROWS) if window >= moved else rng.uniform(0, 4, ROWS)
        x_BF = np.stack([np.arange(ROWS) % 4, size_B], axis=1).astype(np.float32)
        offset_B = np.arange(window * ROWS, (window + 1) * ROWS)
        time_B = window * 100 + np.linspace(0, 99, ROWS)
        rows = SourceRows(np.arange(ROWS) % 2, offset_B, time_B, 2)
        values += contracts.codec("Sketch").encode(sketch_columns(plan, x_BF, rows))
    return values


def drifts(contracts: Contracts, values: Sequence[bytes | None]) -> list[dict[str, Any]]:
    if not values:
        return []
    part, faults = contracts.codec("Drift").decode(values)
    assert faults == ()
    return [{name: column[row] for name, column in part.columns.items()} for row in range(len(values))]
