"""An alarm on errors is one event: it opens, gets worse only if it does, and closes when errors are back or stay."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.drift.error_event import STRETCH, STRETCHES, ErrorEvent, alarmed, passed
from models.drift.event import Drift, drift_columns, drifts_of
from models.error_alarms import Rise
from schemas.contracts import contracts_of
from tests.models.drift.pipelines import small_pipeline

RISE = Rise("adwin", 700, level=0.5, rows=64, start=5000.0, end=6000.0, before=0.25, before_rows=600, begin=100.0)
means = st.lists(st.floats(0, 1), max_size=3 * STRETCHES)


def opened() -> ErrorEvent:
    event, _ = alarmed(None, RISE, version=3)
    assert event is not None
    return event


def lived(event: ErrorEvent, means: list[float]) -> tuple[ErrorEvent | None, list[Drift]]:
    """Whole stretches of errors with these means, a second each."""
    drifts, left = list[Drift](), event
    for s, mean in enumerate(means):
        found, told = passed(left, STRETCH, mean * STRETCH, 7000.0 + 1000 * s)
        drifts += told
        if found is None:
            return None, drifts
        left = found
    return left, drifts


@given(means)
def test_it_closes_once_with_the_first_stretch_that_is_as_before_or_when_errors_have_stayed(means: list[float]) -> None:
    back = next((s for s, mean in enumerate(means) if mean <= RISE.before), len(means))
    event, drifts = lived(opened(), means)
    assert (event is None) == (back < len(means) or len(means) >= STRETCHES)
    assert len(drifts) == (event is None)
    for closed in drifts:
        assert (closed.state, closed.windows) == ("closed", 1 + min(back, STRETCHES))
        assert closed.action.startswith("Nothing" if back < STRETCHES else "The errors have not come back")
        assert closed.until == (RISE.end if back == 0 else 7000.0 + 1000 * (min(back, STRETCHES) - 1))


def test_errors_short_of_a_stretch_say_nothing() -> None:
    event, drifts = passed(opened(), STRETCH - 1, 0.0, 7000.0)
    assert event is not None
    assert (event.count, drifts) == (STRETCH - 1, ())


@pytest.mark.parametrize(("level", "states"), [(0.75, ["updated"]), (0.5, []), (0.4, [])])
def test_another_alarm_is_the_same_event_and_told_of_if_it_is_worse(level: float, states: list[str]) -> None:
    event, _ = lived(opened(), [0.5] * (STRETCHES - 1))
    assert event is not None
    again = replace(RISE, offset=9000, level=level, before=0.5, start=80_000.0, end=90_000.0)
    event, drifts = alarmed(event, again, version=4)
    assert [drift.state for drift in drifts] == states
    for drift in drifts:
        assert (drift.id, drift.offset, drift.version) == ("errors:adwin:700", 700, 3)
        assert (drift.statistic, drift.threshold, drift.window_end) == (level, RISE.before, 90_000.0)
    assert event is not None
    still, none = lived(event, [0.5] * (STRETCHES - 1))  # it has as long again to come back
    assert still is not None
    assert none == []


@given(means, st.integers(0, 3 * STRETCHES))
def test_put_away_and_taken_up_again_it_goes_on(means: list[float], at: int) -> None:
    before, drifts = lived(opened(), means[:at])
    if before is None:
        return
    again = ErrorEvent.from_json(json.loads(json.dumps(before.as_json())))
    assert again == before
    after, rest = lived(again, means[at:])
    assert after == lived(before, means[at:])[0]
    assert written([*drifts, *rest]) == written([*drifts, *lived(before, means[at:])[1]])


def written(drifts: list[Drift]) -> list[bytes]:
    codec = contracts_of(small_pipeline()).codec("Drift")
    return codec.encode(drift_columns(tuple(drifts))) if drifts else []


def test_its_record_has_all_of_it_and_no_histogram() -> None:
    _, drifts = alarmed(None, RISE, version=3)
    codec = contracts_of(small_pipeline()).codec("Drift")
    part, faults = codec.decode(written([*drifts]))
    (read,) = drifts_of(part.columns)
    assert faults == ()
    assert (read.kind, read.source, read.test, read.state) == ("concept", "errors", "adwin", "opened")
    assert (read.offset, read.version, read.statistic, read.threshold) == (700, 3, 0.5, 0.25)
    assert (read.window_start, read.window_end, read.rows) == (5000.0, 6000.0, 64)
    assert (read.reference_start, read.reference_end, read.reference_rows) == (100.0, 5000.0, 600)
    assert (read.columns, read.tests, read.histograms, read.window_counts) == (("error",), ("adwin",), (), ())
    assert written([read]) == written([*drifts])
