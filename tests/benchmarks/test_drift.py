"""The benchmarks of drift count what they say they count."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_detection import BEFORE, COLUMNS, STEADY, STREAMS, measure, row
from benchmarks.drift_events import CASES, SEEDED_COLUMNS, Case, of_columns, told
from benchmarks.drift_events import judged as judged_events
from benchmarks.drift_speed import BESIDE, TITLES, table
from benchmarks.drift_speed import COLUMNS as SPEED_COLUMNS
from benchmarks.drift_speed_work import OURS, PEERS
from benchmarks.drift_streams import FACTOR, judged
from benchmarks.drift_streams import row as row_of_windows
from models.drift.detectors.protocol import Alarm
from models.protocol import Snapshot
from tests.models.drift.scenarios import blip, lacking, moved


class Scripted:
    """Alarms at the places it was told, whatever it reads."""

    def __init__(self, *places: int) -> None:
        self._places = places

    def add_many(self, values_B: np.ndarray) -> tuple[Alarm, ...]:
        return tuple(Alarm(place, place, 1.0, 1.0) for place in self._places if place < len(values_B))

    def snapshot(self) -> Snapshot:
        return Snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        del snapshot


def test_a_delay_is_counted_from_the_change_and_what_came_before_is_false() -> None:
    found = measure(STREAMS[0], lambda: Scripted(5, BEFORE + 9, BEFORE + 20), seeds=2)
    assert found["delays"] == [10, 10]
    assert found["calm_events"] == 2 * (BEFORE + STEADY)
    assert found["false_alarms"] == 2 * (1 + 3)  # before the change; all of them on the steady stream


def test_a_change_that_is_never_found_is_told_as_such() -> None:
    found = measure(STREAMS[1], lambda: Scripted(), seeds=3)
    told = dict(zip(COLUMNS, row("rank", STREAMS[1], found), strict=True))
    assert told["found"] == "0 of 3"
    assert told["median delay"] == told["nine in ten within"] == "never"
    assert told["false alarms per 10,000"] == "0.00"


@pytest.mark.parametrize("name", sorted(set(OURS) - {"MMD, 100 permutations"}))  # that would bind torch to one thread
def test_all_of_our_own_work_can_be_done(name: str) -> None:
    assert OURS[name]()() is not None


def test_ratios_are_taken_within_rounds_and_left_out_where_there_is_no_peer() -> None:
    assert set(TITLES) == set(OURS) | set(PEERS)
    alone = table({"five": [5.0, 7.0]}, {}, 2)["rows"]
    beside = table({"five": [5.0, 7.0, 9.0], BESIDE: [10.0, 70.0, 18.0]}, {"alibi-detect": "1"}, 3)["rows"]
    assert alone == [[TITLES["five"], "6.0 (5.0 … 7.0)", ""]]
    assert beside[0] == [TITLES["five"], "7.0 (5.0 … 9.0)", "0.50 (0.10 … 0.50)"]
    assert all(len(cells) == len(SPEED_COLUMNS) for cells in beside)


def test_a_column_that_begins_to_move_is_an_alarm_in_its_own_window_alone() -> None:
    """Beside one that never stands still, and is significant in every window."""
    random = np.random.default_rng(0)
    place_T = np.arange(3000)
    calm_T = np.where(place_T < 2050, 3.0, random.normal(size=3000))
    found = list(judged(np.stack([place_T + random.random(3000), calm_T], axis=1), rows=100))
    assert [(j.window, j.column) for j in found if j.is_alarm] == [(20, 1)]
    assert all(j.family_p < 1e-6 for j in found)
    assert row_of_windows("made", found)[-2:] == ["1", "20"]


def test_independent_rows_are_no_alarm() -> None:
    found = list(judged(np.random.default_rng(1).normal(size=(3000, 4)), rows=100))
    assert len(found) == 20
    assert max(j.score for j in found) < FACTOR


def test_a_drift_of_another_kind_or_pattern_is_not_counted_as_right() -> None:
    def made(kind: str, pattern: str) -> list[str]:
        case = Case("x", kind, pattern, lambda seed: of_columns((moved, lacking, blip)[seed], 1))
        return told(case, judged_events(case, 3))[3:]

    assert made("covariate", "abrupt") == ["100 %", "67 %", "67 %"]
    assert made("quality", "blip") == ["100 %", "33 %", "33 %"]
    silent = Case("x", "covariate", "abrupt", lambda seed: [])
    assert told(silent, judged_events(silent, 2))[3:] == ["0 %", "0 %", "0 %"]
    assert len(SEEDED_COLUMNS) == len(told(CASES[0], judged_events(CASES[0], 1)))
