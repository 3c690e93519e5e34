"""A step that was cut short, after any of its writes, is taken again to the same end; with all that a pane may hold."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.sketch import predictions_plan
from models.drift.windows import advance
from tests.models.drift.streams import PREFIX, Rows, Table, feed, normal_rows, sketched, stream_pipeline

PIPELINE = stream_pipeline(
    against="champion",
    reference=2,
    alpha=0.01,
    joint={"rows": 64},
    lateness=50,
    expectations=[{"type": "expect_column_values_to_not_be_null", "column": "a", "mostly": 0.9}],
)
PLAN = predictions_plan(PIPELINE)


def windows() -> list[Rows]:
    random = np.random.default_rng(0)
    found = [normal_rows(random, 120) for _ in range(9)]
    for w, x_BF in enumerate(found):
        x_BF[:, 2] = x_BF[:, 1] * (-1 if w >= 5 else 1)
        x_BF[: 40 if w == 4 else 0, 1] = np.nan
    return found


SKETCHES = sketched(PLAN, windows(), partitions=2, champion_of=lambda w: (w // 3, 100.0 * (w // 3)))


def settled(table: Table) -> Table:
    """The table once what is done with is deleted."""
    source = table[PREFIX]
    gone = {f"{PREFIX}|{name}" for name in source["forgotten"]}
    return {k: v for k, v in table.items() if k not in gone} | {PREFIX: source | {"forgotten": []}}


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_same_drifts_and_the_same_table(data: st.DataObject) -> None:
    table: Table = {}
    said: dict[Any, Any] = {}
    for row in SKETCHES:
        step = advance(table, PREFIX, PLAN, PIPELINE.drift, row)
        said |= {(d.id, d.state, d.until): d for d in step.drifts}
        writes = list(step.writes.items())
        for key, entry in writes[: data.draw(st.integers(0, len(writes)))]:
            table = {k: v for k, v in {**table, key: json.loads(json.dumps(entry))}.items() if v is not None}
        for drift in feed(PIPELINE, [row], table):
            assert said.setdefault((drift.id, drift.state, drift.until), drift) == drift
    calm: Table = {}
    expected = feed(PIPELINE, SKETCHES, calm)
    assert {d.kind for d in expected} >= {"joint", "expectation"}
    assert list(said.values()) == expected
    assert settled(table) == settled(calm)
