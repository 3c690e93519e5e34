from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.event import Drift
from models.drift.histograms import sketch_rows
from models.drift.sketch import predictions_plan
from models.drift.sketch_row import SketchRow
from models.drift.windows import PATIENCE_WINDOWS, advance
from tests.models.drift.pipelines import small_pipeline

PIPELINE = small_pipeline()
PLAN = predictions_plan(PIPELINE)
Table = dict[str, dict[str, Any]]


def feed(table: Table, sketches: list[SketchRow]) -> list[Drift]:
    """Advance as the job does; what the table holds goes through JSON, as through a changelog."""
    drifts: list[Drift] = []
    for sketch in sketches:
        step = advance(table, "small|predictions", PLAN, PIPELINE.drift, sketch)
        drifts += step.drifts
        for key, entry in step.writes.items():
            if entry is None:
                table.pop(key, None)
            else:
                table[key] = json.loads(json.dumps(entry, allow_nan=False))
    return drifts


def settled(table: Table) -> Table:
    """The table once the windows that are done with are deleted."""
    source = table["small|predictions"]
    gone = {f"small|predictions|{name}" for name in source["forgotten"]}
    left = {key: entry for key, entry in table.items() if key not in gone}
    return left | {"small|predictions": source | {"forgotten": []}}


def rows_of(window: int, moved: bool, seed: int, count: int = 400) -> np.ndarray:
    size_B = np.random.default_rng([window, seed]).uniform(4 if moved else 0, 8 if moved else 4, count)
    return np.stack([np.arange(count) % 4, size_B], axis=1).astype(np.float32)


def sketch(
    window: int, moved: bool = False, partition: int = 0, partitions: int = 1, count: int = 400, end: bool = True
) -> SketchRow:
    counts = sketch_rows(PLAN, rows_of(window, moved, partition, count), np.zeros(count, np.intp), 1)
    watermark = window * 100 + (100 if end else 50)
    return SketchRow(window * 100, watermark, count, counts.ravel(), partition, partitions, window)


def told(drifts: list[Drift]) -> list[tuple[str, str, str, int]]:
    return [(d.id, d.state, d.severity, d.windows) for d in drifts]


def test_a_shift_is_one_drift_that_ends_when_the_reference_has_come_to_be_like_it() -> None:
    opened, closed = feed({}, [sketch(w, moved=w >= 4) for w in range(10)])
    assert told([opened, closed]) == [
        ("predictions:400", "opened", "act", 1),
        ("predictions:400", "closed", "act", 2),
    ]
    assert (opened.columns, opened.statistics, opened.window_end) == (("size",), (opened.statistic,), 500)
    assert (closed.since, closed.until, closed.pattern) == (400, 600, "abrupt")
    assert (closed.reference_start, closed.reference_end, closed.reference_rows) == (200, 400, 800)


def test_a_drift_that_has_ended_may_come_again_and_is_known() -> None:
    drifts = feed({}, [sketch(w, moved=w in (4, 9)) for w in range(14)])
    assert told(drifts) == [
        ("predictions:400", "opened", "act", 1),
        ("predictions:400", "closed", "act", 1),
        ("predictions:900", "opened", "act", 1),
        ("predictions:900", "closed", "act", 1),
    ]
    assert [(d.pattern, d.recurs) for d in drifts[1::2]] == [("blip", ""), ("recurring", "predictions:400")]


def test_there_is_no_verdict_without_a_whole_reference_or_with_too_few_rows() -> None:
    assert feed({}, [sketch(0), sketch(1, moved=True)]) == []
    assert feed({}, [sketch(0), sketch(1), sketch(2, moved=True, count=10)]) == []


def test_a_drift_that_gets_worse_is_reported_again_under_its_id() -> None:
    # A tenth of the rows moved is worth watching; then all of them.
    mixed = rows_of(4, moved=False, seed=0)
    mixed[:70] = rows_of(4, moved=True, seed=0)[:70]
    counts = sketch_rows(PLAN, mixed, np.zeros(400, np.intp), 1)
    base = [sketch(w) for w in range(4)]
    watch = SketchRow(400, 500, 400, counts.ravel(), 0, 1, 4)
    spec = PIPELINE.drift.model_copy(update={"psi": PIPELINE.drift.psi.model_copy(update={"act": 2.0})})
    table: Table = {}
    severities = []
    for row in [*base, watch, sketch(5, moved=True), sketch(6, moved=True)]:
        step = advance(table, "small|predictions", PLAN, spec, row)
        table = {k: v for k, v in {**table, **step.writes}.items() if v is not None}
        severities += [(d.id, d.severity) for d in step.drifts]
    assert severities == [("predictions:400", "watch"), ("predictions:400", "act")]


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 3))
def test_neither_partitioning_nor_order_nor_repeats_change_what_is_found(data: st.DataObject, partitions: int) -> None:
    windows = range(8)
    whole = [[sketch(w, moved=w >= 5, partition=p, partitions=partitions) for w in windows] for p in range(partitions)]
    expected = feed({}, [row for rows in itertools.zip_longest(*whole) for row in rows])
    waiting = [list(rows) for rows in whole]
    shuffled: list[SketchRow] = []
    while any(waiting):
        ahead = min(rows[0].sequence for rows in waiting if rows) + PATIENCE_WINDOWS
        ready = [rows for rows in waiting if rows and rows[0].sequence < ahead]
        row = data.draw(st.sampled_from(ready)).pop(0)
        shuffled += [row] * data.draw(st.integers(1, 2))
    assert feed({}, shuffled) == expected
    assert [d.state for d in expected] == ["opened", "closed"]


def test_a_window_waits_for_all_partitions_but_not_for_ever() -> None:
    table: Table = {}
    feed(table, [sketch(w, partition=0, partitions=2) for w in range(2)])
    assert table["small|predictions"]["closed"] < 100
    feed(table, [sketch(0, partition=1, partitions=2)])
    assert table["small|predictions"]["closed"] == 100
    feed(table, [sketch(1 + PATIENCE_WINDOWS, partition=0, partitions=2)])
    assert table["small|predictions"]["closed"] == 200


def test_rows_of_a_closed_window_are_late_and_change_nothing() -> None:
    table: Table = {}
    feed(table, [sketch(w) for w in range(3)])
    before = settled(table)
    late = SketchRow(100, 150, 400, sketch(1).counts_N, 0, 1, 99)
    step = advance(table, "small|predictions", PLAN, PIPELINE.drift, late)
    assert (step.late, step.drifts) == (400, ())
    feed(table, [late])
    assert settled(table) == before


def test_memory_is_bounded_by_the_reference() -> None:
    table: Table = {}
    feed(table, [sketch(w) for w in range(50)])
    # Those of the reference, one that is deleted next; the source and its tracks, of which one is deleted next.
    assert len(table) == PIPELINE.drift.reference + 1 + 3


def test_other_bins_begin_anew() -> None:
    table: Table = {}
    feed(table, [sketch(w) for w in range(3)])
    plan = predictions_plan(small_pipeline(drift={"window": 100, "reference": 2, "minimum": 20, "bins": 8}))
    counts = sketch_rows(plan, rows_of(3, False, 0), np.zeros(400, np.intp), 1)
    step = advance(table, "small|predictions", plan, PIPELINE.drift, SketchRow(300, 400, 400, counts.ravel(), 0, 1, 3))
    table |= {key: entry for key, entry in step.writes.items() if entry}
    assert table["small|predictions"]["starts"] == [300]
    step = advance(table, "small|predictions", plan, PIPELINE.drift, SketchRow(300, 400, 40, counts.ravel(), 0, 1, 4))
    assert {key for key, entry in step.writes.items() if entry is None} == {
        f"small|predictions|{s}" for s in (100, 200, "tracks:200")
    }


def test_a_pane_with_sums_of_other_columns_begins_anew() -> None:
    """A number that is a category now has as many counts, and sums no more."""
    table: Table = {}
    first, second = (sketch(0, partition=place, partitions=2) for place in range(2))
    feed(table, [first])
    sums = [0] * (2 * len(PLAN.measured))
    table["small|predictions|0"]["moments"] = [*sums, 0, 0]
    feed(table, [replace(second, moments=tuple(sums))])
    pane = table["small|predictions|0"]
    assert (pane["rows"], pane["moments"], pane["sequences"]) == (second.rows, sums, {"1": second.sequence})


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_step_that_was_cut_short_can_be_taken_again(data: st.DataObject) -> None:
    sketches = [sketch(w, moved=w >= 5, partition=p, partitions=2) for w in range(8) for p in range(2)]
    table: Table = {}
    drifts: dict[tuple[str, str], Drift] = {}
    for row in sketches:
        step = advance(table, "small|predictions", PLAN, PIPELINE.drift, row)
        drifts |= {(d.id, d.state): d for d in step.drifts}
        done = data.draw(st.integers(0, len(step.writes)))
        for key, entry in list(step.writes.items())[:done]:
            table = {k: v for k, v in {**table, key: entry}.items() if v is not None}
        again = feed(table, [row])
        assert all(drifts.setdefault((d.id, d.state), d) == d for d in again)
    calm: Table = {}
    assert list(drifts.values()) == feed(calm, sketches)
    assert settled(table) == settled(calm)


def test_a_table_from_before_events_had_a_course_is_gone_on_with() -> None:
    def pane(window: int) -> dict[str, Any]:
        return {"rows": 400, "counts": sketch(window).counts_N.tolist(), "sequences": {"0": window}}

    source = {
        "watermarks": {"0": 400.0},
        "closed": 400.0,
        "starts": [200, 300],
        "forgotten": [100],
        "active": {"id": "predictions:200", "severity": "watch"},
        "size": PLAN.size,
        "window_ms": 100,
    }
    table: Table = {f"small|predictions|{w}00": pane(w) for w in (1, 2, 3)} | {"small|predictions": source}
    drifts = feed(table, [sketch(w, moved=w >= 5) for w in range(4, 8)])
    assert [(d.id, d.state) for d in drifts] == [("predictions:500", "opened"), ("predictions:500", "closed")]
    assert "small|predictions|100" not in table
