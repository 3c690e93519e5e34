"""The error within slices: a concept that changes for some rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.drift.derived import codes_of
from models.drift.event import Drift
from models.drift.sketch import labels_plan
from tests.models.drift.scenarios import in_one_slice
from tests.models.drift.streams import Rows, feed, sketched, stream_pipeline

SHOPS = ("north", "south", "east", "west", "web", "online")
SLICES: dict[str, Any] = {"slices": {"who": SHOPS}}
Stream = tuple[list[Rows], list[Rows]]


def stream(seed: int, bad: str | None, rows: int = 1200) -> Stream:
    """Labels and vectors of windows; from `FROM` on, answers for one shop are wrong more often."""
    codes_S = np.array(codes_of(SHOPS, 64), np.float32)
    return in_one_slice(np.random.default_rng(seed), codes_S, SHOPS.index(bad) if bad else -1, rows)


def drifts_in(made: Stream, partitions: int = 1, seed: int = 0, **drift: Any) -> list[Drift]:
    pipeline = stream_pipeline(**(SLICES | drift))
    windows, vectors = made
    sketches = sketched(labels_plan(pipeline), windows, partitions, seed, vectors=vectors)
    return feed(pipeline, sketches, plan_of=labels_plan)


@pytest.mark.parametrize("seed", range(3))
def test_a_concept_that_changes_for_one_value_is_found_there(seed: int) -> None:
    drifts = drifts_in(stream(seed, "east"))
    assert [(d.kind, d.state, d.since) for d in drifts] == [("concept", "opened", 1000), ("concept", "closed", 1000)]
    assert drifts[0].columns[0] == "error[who=east]"
    assert not set(drifts[0].columns) & {f"error[who={shop}]" for shop in SHOPS if shop != "east"}


def test_the_whole_error_does_not_show_it() -> None:
    assert [drifts_in(stream(seed, "east"), slices={}) for seed in range(3)] == [[]] * 3


def test_streams_that_stand_still_have_none_in_any_slice() -> None:
    assert [drifts_in(stream(seed, None)) for seed in range(4)] == [[]] * 4


@pytest.mark.parametrize("partitions", [4, 7])
@pytest.mark.parametrize("seed", range(2))
def test_the_events_are_the_same_whatever_the_partitioning(partitions: int, seed: int) -> None:
    made = stream(1, "web")
    expected = drifts_in(made, false_alarms=4)
    assert expected
    assert drifts_in(made, partitions, seed, false_alarms=4) == expected


def test_values_that_are_not_named_are_one_slice_more() -> None:
    windows, vectors = stream(2, "online")
    drifts = drifts_in((windows, vectors), slices={"who": SHOPS[:-1]})
    assert drifts[0].columns[0] == "error[who: other]"


def test_without_names_slices_are_codes() -> None:
    code = int(codes_of(("web",), 64)[0]) % 16
    assert drifts_in(stream(3, "web"), slices={"who": []})[0].columns[0] == f"error[who≡{code}]"


def test_a_slice_with_few_rows_is_not_judged() -> None:
    assert drifts_in(stream(4, "east", rows=240), minimum=100) == []


def test_a_slice_without_a_test_is_as_the_error_is() -> None:
    assert drifts_in(stream(0, "east"), tests={"columns": {"error": "none"}}) == []


def test_labels_that_are_no_numbers_and_one_class_alone_are_safe() -> None:
    windows, vectors = stream(5, None)
    for x_N3 in windows[8:]:
        x_N3[::3] = np.nan
    assert {d.kind for d in drifts_in((windows, vectors))} <= {"prior"}
    one = [np.tile(np.array([1, 0.75, 0.25], np.float32), (len(x_N3), 1)) for x_N3 in windows]
    assert drifts_in((one, vectors)) == []
