"""What is found in whole streams: the laws of drift events."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from models.drift.event import Drift
from models.drift.sketch import predictions_plan
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.scenarios import Make, blip, gradual, incremental, lacking, moved, outside, returning
from tests.models.drift.streams import Rows, Table, drifts_of, feed, normal_rows, sketched, stream_pipeline


def opened(drifts: list[Drift]) -> list[Drift]:
    return [d for d in drifts if d.state == "opened"]


@pytest.mark.parametrize(
    ("make", "pattern"), [(moved, "abrupt"), (blip, "blip"), (gradual, "gradual"), (incremental, "incremental")]
)
def test_the_pattern_of_a_drift_is_told_in_most_streams(make: Make, pattern: str) -> None:
    found: Counter[str] = Counter()
    for seed in range(12):
        drifts = drifts_of(stream_pipeline(), make(np.random.default_rng(seed)))
        assert {d.kind for d in drifts} == {"covariate"}
        assert drifts[0].columns == ("a",)
        found[next(d.pattern for d in drifts if d.state == "closed")] += 1
    assert found[pattern] >= 0.85 * 12, found


def test_rows_that_go_missing_are_a_drift_of_quality() -> None:
    for seed in range(5):
        drift, closed = drifts_of(stream_pipeline(), lacking(np.random.default_rng(seed)))
        assert (drift.kind, drift.test, drift.columns) == ("quality", "missing", ("a",))
        assert drift.id == "predictions:quality:1000"
        assert (closed.state, closed.pattern) == ("closed", "abrupt")


def test_rows_out_of_range_are_a_drift_of_quality_whatever_else_they_are() -> None:
    for seed in range(5):
        drifts = opened(drifts_of(stream_pipeline(), outside(np.random.default_rng(seed))))
        assert ("quality", "outside", ("b",)) in [(d.kind, d.test, d.columns) for d in drifts]


def test_a_state_that_comes_again_recurs_and_names_the_first_of_its_drifts() -> None:
    windows = returning(np.random.default_rng(3))
    closed = [d for d in drifts_of(stream_pipeline(), windows) if d.state == "closed"]
    assert [(d.since, d.pattern) for d in closed] == [(800, "abrupt"), (1600, "recurring"), (2400, "recurring")]
    assert (closed[1].recurs, closed[2].recurs) == ("predictions:800", "predictions:1600")


@pytest.mark.parametrize("make", [moved, blip, gradual, lacking])
def test_the_events_are_the_same_whatever_the_partitioning(make: Make) -> None:
    pipeline = stream_pipeline(false_alarms=5)
    windows = make(np.random.default_rng(1))
    expected = drifts_of(pipeline, windows)
    assert expected
    for partitions in (4, 7):
        for seed in range(2):
            assert drifts_of(pipeline, windows, partitions=partitions, seed=seed) == expected


def test_sketches_that_come_again_change_nothing() -> None:
    pipeline, random = stream_pipeline(), np.random.default_rng(2)
    sketches = sketched(predictions_plan(pipeline), moved(random), partitions=4)
    once: Table = {}
    twice: Table = {}
    expected = feed(pipeline, sketches, once)
    assert feed(pipeline, [s for sketch in sketches for s in (sketch, sketch)], twice) == expected
    assert feed(pipeline, sketches, once) == []
    tracks = [t[t["small|predictions"]["tracks"].join(("small|predictions|", ""))] for t in (once, twice)]
    assert tracks[0] == tracks[1]


def test_nothing_is_said_of_a_stream_that_stands_still() -> None:
    for seed in range(3):
        random = np.random.default_rng(seed)
        assert drifts_of(stream_pipeline(), [normal_rows(random) for _ in range(120)]) == []


def restless(random: np.random.Generator, windows: int) -> list[Rows]:
    """A stationary stream whose windows depend on one another: its mean wanders and comes back."""
    means, mean = [], 0.0
    for _ in range(windows):
        mean = 0.7 * mean + random.normal(0, 0.3)
        means.append(mean)
    return [normal_rows(random, 200, a=mean) for mean in means]


def test_false_alarms_are_as_rare_as_set_on_a_stream_that_is_never_quite_still() -> None:
    windows = restless(np.random.default_rng(0), 200)
    assert len(opened(drifts_of(stream_pipeline(), windows))) > 200 / 20, "else there is nothing to hold back"
    assert len(opened(drifts_of(stream_pipeline(false_alarms=20), windows))) <= 200 / 20


def test_what_never_stands_still_is_event_after_event_none_longer_than_two_references() -> None:
    random = np.random.default_rng(1)
    drifts = drifts_of(stream_pipeline(), [normal_rows(random, a=2.0 * np.sin(w * w)) for w in range(60)])
    closed = [d for d in drifts if d.state == "closed"]
    assert len(closed) > 2
    assert max(d.until - d.since for d in closed) <= 2 * 400
    assert len({d.id for d in drifts}) == len(opened(drifts)), "each has an id of its own"


def test_another_column_that_drifts_more_while_an_event_lasts_is_told() -> None:
    random = np.random.default_rng(2)
    windows = [normal_rows(random, a=1.0 if w >= 8 else 0.0) for w in range(20)]
    for x_BF in windows[10:]:
        x_BF[:, 2] += 4
    reports = [(d.state, d.columns[0], d.window_start) for d in drifts_of(stream_pipeline(), windows)[:2]]
    assert reports == [("opened", "a", 800), ("updated", "b", 1000)]


def test_sliding_windows_find_the_same_drift_earlier_in_it() -> None:
    random = np.random.default_rng(4)
    windows = [normal_rows(random, 100, a=2.0 if w >= 30 else 0.0) for w in range(60)]
    (sliding,) = opened(drifts_of(stream_pipeline(window=400, slide=100, reference=3), windows))
    assert sliding.window_end - sliding.window_start == 400
    assert 3000 < sliding.window_end < 3400
    (closed,) = [
        d for d in drifts_of(stream_pipeline(window=400, slide=100, reference=3), windows) if d.state == "closed"
    ]
    assert closed.pattern == "abrupt"


def test_a_fixed_reference_remembers_how_it_began() -> None:
    random = np.random.default_rng(5)
    windows = [normal_rows(random, a=0.07 * max(w - 8, 0)) for w in range(40)]
    assert drifts_of(stream_pipeline(), windows) == [], "too slow for a reference that moves along"
    first, *more = drifts_of(stream_pipeline(against="fixed"), windows)
    assert (first.state, first.reference_start, first.reference_end) == ("opened", 0, 400)
    assert {d.id for d in more} == {first.id}
    assert [d.state for d in more] == ["updated"], "it lasts, and gets worse once"


def test_only_drift_in_so_many_columns_counts_where_a_share_is_asked_for() -> None:
    random = np.random.default_rng(6)
    one = moved(random)
    assert drifts_of(stream_pipeline(share=0.5), one) == []
    both = [np.concatenate([x_BF[:, :2], x_BF[:, 1:2]], axis=1) for x_BF in one]
    assert opened(drifts_of(stream_pipeline(share=0.5), both))


@pytest.mark.parametrize("test", ["psi", "ks", "wasserstein", "jensen_shannon"])
def test_every_test_of_numbers_finds_a_shift_and_says_so(test: str) -> None:
    pipeline = stream_pipeline(tests={"numbers": test})
    (drift,) = opened(drifts_of(pipeline, moved(np.random.default_rng(7))))
    assert (drift.test, drift.columns, drift.p_value < 1e-6) == (test, ("a",), True)
    assert drift.statistic > drift.threshold


@pytest.mark.parametrize("test", ["psi", "chi_squared", "jensen_shannon"])
def test_every_test_of_categories_finds_one_that_was_not_seen(test: str) -> None:
    random = np.random.default_rng(8)
    windows = [normal_rows(random) for _ in range(12)]
    for x_BF in windows[8:]:
        x_BF[:250, 0] = 9
    (drift,) = opened(drifts_of(stream_pipeline(tests={"categories": test}), windows))
    assert (drift.test, drift.columns, drift.categories) == (test, ("who",), ("who",))


def test_a_column_that_is_left_out_says_nothing() -> None:
    pipeline = stream_pipeline(tests={"columns": {"a": "none"}})
    assert drifts_of(pipeline, moved(np.random.default_rng(9))) == []
    assert drifts_of(pipeline, lacking(np.random.default_rng(9))) == []


def constant(value: float, count: int = 100) -> Rows:
    return np.full((count, 3), value, np.float32)


@pytest.mark.parametrize(
    ("windows", "kinds"),
    [
        ([constant(1.0)] * 12, []),
        ([constant(np.nan)] * 12, []),
        ([constant(1.0)] * 8 + [constant(np.nan)] * 8, ["quality"]),
        ([constant(np.nan)] * 8 + [constant(1.0)] * 8, []),
        ([constant(1.0)] * 8 + [constant(5.0)] * 8, ["covariate"]),
        ([constant(1.0)] * 8 + [constant(1.0, 0)] * 3 + [constant(1.0)] * 3, []),
        ([constant(1.0, 10)] * 12, []),
        ([constant(1.0) * np.array([1, np.inf, -np.inf], np.float32)] * 8, []),
    ],
    ids=["constant", "missing", "lost", "found", "other constant", "empty windows", "thin", "infinite"],
)
def test_degenerate_columns_are_safe_and_what_is_told_is_finite(windows: list[Rows], kinds: list[str]) -> None:
    drifts = drifts_of(stream_pipeline(false_alarms=4), windows)
    assert [d.kind for d in opened(drifts)] == kinds
    numbers = [n for d in drifts for n in (d.statistic, d.p_value, *d.statistics, *d.p_values)]
    assert np.isfinite(numbers).all()


def test_what_is_remembered_of_many_fine_columns_fits_in_a_message() -> None:
    number = {"type": "number", "range": [-8.0, 8.0]}
    fields: dict[str, Any] = {"who": {"type": "category"}, **{f"n{i}": number for i in range(150)}}
    drift = {"window": 100, "reference": 2, "minimum": 50, "bins": 256}
    pipeline = small_pipeline(request={"entity": "who", "fields": fields}, drift=drift)
    random, table = np.random.default_rng(11), dict[str, dict[str, Any]]()
    windows = [random.normal(w // 3 % 2, 1, (2000, 151)).astype(np.float32) for w in range(14)]
    assert feed(pipeline, sketched(predictions_plan(pipeline), windows), table)
    assert max(len(json.dumps(entry)) for entry in table.values()) < 900_000


def test_memory_depends_neither_on_the_rows_of_a_window_nor_on_how_long_a_drift_lasts() -> None:
    def size(windows: list[Rows], **drift: object) -> int:
        table: Table = {}
        feed(stream_pipeline(**drift), sketched(predictions_plan(stream_pipeline()), windows), table)
        return json.dumps(table).count(",")

    random = np.random.default_rng(10)
    cycle = [normal_rows(random, 100, a=2.0 * (w // 8 % 3)) for w in range(160)]
    short, long = size(cycle[:112], false_alarms=5), size(cycle, false_alarms=5)
    assert long < 1.1 * short
    thin, thick = ([normal_rows(random, count) for _ in range(12)] for count in (200, 4000))
    assert size(thick) == size(thin)
    endless = [normal_rows(random, 100, a=0.0 if w < 8 else 2.0) for w in range(200)]
    assert size(endless, against="fixed") < 1.1 * size(endless[:100], against="fixed")
