"""Windows by count: as many panes as it takes, the same whatever the partitioning, in bounded memory."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.drift.event import Drift
from models.drift.sketch import predictions_plan
from models.drift.sketch_row import SketchRow
from models.drift.windows import advance
from schemas.pipeline import Pipeline
from tests.models.drift.streams import (
    PANE_MS,
    PREFIX,
    Rows,
    Table,
    drifts_of,
    feed,
    normal_rows,
    sketched,
    stream_pipeline,
)

RULE = {"type": "expect_column_values_to_be_between", "column": "a", "max_value": 0.5, "mostly": 0.9}
"""Fails in every window."""


def panes(random: np.random.Generator, sizes: list[int], since: int, a: float = 2.0) -> list[Rows]:
    return [normal_rows(random, size, a=a if p >= since else 0.0) for p, size in enumerate(sizes)]


def settled(table: Table) -> Table:
    """The table once what is done with is deleted."""
    source = table[PREFIX]
    gone = {f"{PREFIX}|{name}" for name in source["forgotten"]}
    return {k: v for k, v in table.items() if k not in gone} | {PREFIX: source | {"forgotten": []}}


def told(drifts: list[Drift]) -> list[tuple[Any, ...]]:
    """All that does not depend on how long a pane is."""
    return [(d.kind, d.state, d.statistic, d.p_value, d.rows, d.columns, d.windows, d.pattern) for d in drifts]


def test_panes_that_hold_a_quarter_make_the_windows_that_the_whole_would() -> None:
    quarters = panes(np.random.default_rng(0), [100] * 80, since=40)
    wholes = [np.concatenate(quarters[p : p + 4]) for p in range(0, 80, 4)]
    by_count, by_time = drifts_of(stream_pipeline(rows=400), quarters), drifts_of(stream_pipeline(), wholes)
    assert [d.state for d in by_time] == ["opened", "closed"]
    assert told(by_count) == told(by_time)
    assert (by_count[0].window_start, by_count[0].window_end) == (4000, 4400)
    assert (by_count[0].reference_start, by_count[0].reference_end) == (2400, 4000)


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 120), min_size=10, max_size=60), rows=st.integers(60, 300))
def test_a_window_ends_with_the_first_pane_by_which_it_holds_enough(sizes: list[int], rows: int) -> None:
    """Neither overlapping nor with a gap; that is all the panes there are, but for what has not filled one yet."""
    pipeline = stream_pipeline(rows=rows, minimum=50)
    plan, table, ends = predictions_plan(pipeline), Table(), [0.0]
    for sketch in sketched(plan, panes(np.random.default_rng(1), sizes, since=99)):
        step = advance(table, PREFIX, plan, pipeline.drift, sketch)
        table = {k: e for k, e in {**table, **step.writes}.items() if e is not None}
        source = table[PREFIX]
        if source["gathering"] is None:
            entry = table[f"{PREFIX}|{ends[-1]:.0f}"]
            through = int(entry.get("through", ends[-1])) // PANE_MS
            held = sizes[int(ends[-1]) // PANE_MS : through + 1]
            assert entry["rows"] == sum(held) >= rows > sum(held[:-1])
            ends.append((through + 1) * PANE_MS)
    assert sum(sizes[int(ends[-1]) // PANE_MS :]) < rows


STREAM = panes(np.random.default_rng(2), [int(n) for n in np.random.default_rng(3).integers(0, 90, 160)], since=80)


@pytest.mark.parametrize("drift", [{}, {"slide": 100, "window": 300}, {"against": "fixed", "joint": {"rows": 64}}])
@pytest.mark.parametrize("partitions", [4, 7])
def test_the_events_are_the_same_whatever_the_partitioning(drift: dict[str, Any], partitions: int) -> None:
    pipeline = stream_pipeline(rows=300, false_alarms=5, **drift)
    expected = drifts_of(pipeline, STREAM)
    assert expected
    for seed in range(2):
        assert drifts_of(pipeline, STREAM, partitions=partitions, seed=seed) == expected


def test_sliding_by_count_finds_it_sooner() -> None:
    tumbling, sliding = (
        drifts_of(stream_pipeline(rows=600, minimum=100, **drift), STREAM)[0]
        for drift in ({"reference": 3}, {"window": 600, "slide": 100, "reference": 3})
    )
    assert sliding.window_end < tumbling.window_end
    assert sliding.rows >= 600


JOINT = {"joint": {"rows": 64, "tests": ["domain_classifier"]}, "expectations": [RULE]}


@pytest.fixture(scope="module")
def interrupted() -> tuple[Pipeline, list[SketchRow], list[Drift], Table]:
    """A stream that has all that a pane may hold, what is found in it, and the table that this leaves.

    Six panes close at a time, so that one step joins some, judges a window, and joins more.
    """
    pipeline, calm = stream_pipeline(rows=100, reference=2, minimum=90, **JOINT), Table()
    random = np.random.default_rng(4)
    rows = [normal_rows(random, int(random.integers(5, 70)), a=2.0 if p >= 12 else 0.0) for p in range(48)]
    sketches = [
        replace(sketch, watermark=sketch.window_start // (6 * PANE_MS) * 6 * PANE_MS)
        for sketch in sketched(predictions_plan(pipeline), rows, partitions=2)
    ]
    return pipeline, sketches, feed(pipeline, sketches, calm), calm


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_step_that_was_cut_short_can_be_taken_again(
    data: st.DataObject, interrupted: tuple[Pipeline, list[SketchRow], list[Drift], Table]
) -> None:
    pipeline, sketches, expected, calm = interrupted
    plan, table, drifts = predictions_plan(pipeline), Table(), dict[tuple[str, str, float], Drift]()
    for row in sketches:
        step = advance(table, PREFIX, plan, pipeline.drift, row)
        drifts |= {(d.id, d.state, d.until): d for d in step.drifts}
        done = data.draw(st.integers(0, len(step.writes)))
        for key, entry in list(step.writes.items())[:done]:
            table = {k: v for k, v in {**table, key: json.loads(json.dumps(entry))}.items() if v is not None}
        again = feed(pipeline, [row], table)
        assert all(drifts.setdefault((d.id, d.state, d.until), d) == d for d in again)
    assert {d.kind for d in expected} == {"covariate", "expectation"}
    assert len(expected) > 2
    assert list(drifts.values()) == expected
    assert settled(table) == settled(calm)
    assert any(key.endswith(":sample") for key in settled(table))


def test_memory_does_not_depend_on_how_many_panes_fill_a_window() -> None:
    def entries(sizes: list[int]) -> int:
        table = Table()
        pipeline = stream_pipeline(rows=200, reference=2)
        feed(pipeline, sketched(predictions_plan(pipeline), panes(np.random.default_rng(5), sizes, since=999)), table)
        return len(table)

    assert entries([2] * 1000) <= entries([200] * 10) + 1


@pytest.mark.parametrize(("drift", "why"), [({"against": "champion"}, "champion"), ({"minimum": 300}, "`minimum`")])
def test_what_does_not_go_together_is_refused(drift: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        stream_pipeline(rows=200, **drift)
