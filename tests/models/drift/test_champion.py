"""Windows against what the version that answered in them was trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.drift.event import Drift
from models.drift.sketch import label_rows, labels_plan, predictions_plan
from models.drift.sketch_row import SketchRow
from models.drift.windows import advance
from tests.models.drift.scenarios import answered
from tests.models.drift.streams import Rows, Table, drifts_of, feed, normal_rows, sketched, stream_pipeline

PIPELINE = stream_pipeline(against="champion", reference=3)
Champions = Callable[[int], tuple[int, float]]


def stream(since: int, windows: int) -> list[Rows]:
    random = np.random.default_rng(0)
    return [normal_rows(random, a=3.0 * (w >= since)) for w in range(windows)]


def promoted(*numbered: tuple[int, int]) -> Champions:
    """Champions by the window that each first answers in, and the window through which it has learned."""

    def champion_of(window: int) -> tuple[int, float]:
        found = [(n + 1, 100.0 * (through + 1)) for n, (at, through) in enumerate(numbered) if at <= window]
        return found[-1] if found else (0, 0.0)

    return champion_of


def told(drifts: list[Drift]) -> list[tuple[str, float, float]]:
    return [(d.state, d.since, d.until) for d in drifts]


def test_a_drift_lasts_until_a_champion_answers_that_was_trained_on_it() -> None:
    drifts = drifts_of(PIPELINE, stream(10, 40), champion_of=promoted((4, 3), (30, 28)))
    assert told(drifts) == [("opened", 1000, 1100), ("closed", 1000, 3000)]
    assert {(d.reference_start, d.reference_end) for d in drifts} == {(100, 400)}


def test_a_trailing_reference_would_have_forgotten_it() -> None:
    trailing = drifts_of(stream_pipeline(reference=3), stream(10, 40))
    assert [d.until for d in trailing if d.state == "closed"] < [2000.0]


def test_champions_that_keep_up_have_no_drift_to_tell_of() -> None:
    every_window = promoted(*((w, w - 1) for w in range(4, 20)))
    drifts = drifts_of(PIPELINE, stream(10, 20), champion_of=every_window)
    assert [d.state for d in drifts] == ["opened", "closed"], "once: it has not learned what begins"
    assert drifts[1].until <= 1300


def test_nothing_is_said_before_there_is_a_champion() -> None:
    assert drifts_of(PIPELINE, stream(6, 12)) == []


@pytest.mark.parametrize("partitions", [4, 7])
@pytest.mark.parametrize("seed", range(2))
def test_the_events_are_the_same_whatever_the_partitioning(partitions: int, seed: int) -> None:
    champions = promoted((4, 3), (17, 13), (25, 23))
    expected = drifts_of(PIPELINE, stream(10, 30), champion_of=champions)
    assert [d.state for d in expected] == ["opened", "closed"]
    assert drifts_of(PIPELINE, stream(10, 30), partitions=partitions, seed=seed, champion_of=champions) == expected


def test_a_champion_from_before_all_that_is_remembered_has_the_oldest_of_it() -> None:
    opened = drifts_of(PIPELINE, stream(10, 14), champion_of=promoted((0, -5)))[0]
    assert (opened.reference_start, opened.reference_end) == (0, 300)


@pytest.mark.parametrize("champions", [promoted((4, 3)), promoted((4, 3), (40, 20), (60, 58))])
def test_memory_is_bounded_however_long_a_champion_stays(champions: Champions) -> None:
    table: Table = {}
    plan = predictions_plan(PIPELINE)
    feed(PIPELINE, sketched(plan, stream(90, 80), champion_of=champions), table)
    panes = [key for key in table if key.split("|")[-1].isdigit()]
    assert len(panes) <= 3 * PIPELINE.drift.reference + 1
    assert len(table["small|champions"]["trained"]) == len({champions(w) for w in range(4, 80)})


def test_versions_are_remembered_up_to_a_number() -> None:
    table: Table = {}
    plan = predictions_plan(PIPELINE)
    windows = [normal_rows(np.random.default_rng(0), 1) for _ in range(300)]
    feed(PIPELINE, sketched(plan, windows, champion_of=lambda w: (w + 1, 1.0)), table)
    trained = table["small|champions"]["trained"]
    assert (len(trained), min(map(int, trained)), max(map(int, trained))) == (256, 45, 300)


def test_labels_are_compared_with_those_that_the_version_of_their_answers_had_learned() -> None:
    """Sketches of labels say the version only; those of predictions have said up to when it had learned."""
    plan, table, random = labels_plan(PIPELINE), dict[str, Any](), np.random.default_rng(1)
    feed(PIPELINE, sketched(predictions_plan(PIPELINE), stream(99, 6), champion_of=promoted((4, 3))), table)
    windows = [answered(random, 0.5, 0.9 if w < 10 else 0.5) for w in range(13)]
    drifts: list[Drift] = []
    for sketch in sketched(plan, windows, champion_of=lambda w: (1 if w >= 4 else 0, 0.0)):
        step = advance(table, "small|labels", plan, PIPELINE.drift, sketch)
        drifts += step.drifts
        table = {k: v for k, v in {**table, **step.writes}.items() if v is not None}
    opened = next(d for d in drifts if d.kind == "concept")
    assert (opened.since, opened.reference_start, opened.reference_end) == (1000, 100, 400)


def test_labels_of_a_version_that_nobody_told_of_are_compared_with_nothing() -> None:
    plan = labels_plan(PIPELINE)
    none = label_rows(np.zeros(400), np.full((400, 1), 0.5, np.float32))
    sketches = sketched(plan, [none] * 12, champion_of=lambda _: (3, 0.0))
    assert feed(PIPELINE, sketches, plan_of=labels_plan) == []


def test_a_sketch_that_comes_again_changes_nothing() -> None:
    plan, champions = predictions_plan(PIPELINE), promoted((4, 3), (14, 12))
    sketches: list[SketchRow] = sketched(plan, stream(10, 20), partitions=3, champion_of=champions)
    twice: Table = {}
    once: Table = {}
    expected = feed(PIPELINE, sketches, once)
    assert feed(PIPELINE, [row for sketch in sketches for row in (sketch, sketch)], twice) == expected
    assert once["small|champions"] == twice["small|champions"]
