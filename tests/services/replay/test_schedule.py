"""Laws of the schedule: everything goes out, in order, and never further than the world allows."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.source import EventKind, SourceEvent
from services.replay.pacing import Limits
from services.replay.schedule import Frontier, Schedule

LIMITS = Limits(pane_ms=10, reach_ms=40, model_lag_ms=100.0, cadence=3)
KINDS: list[EventKind] = ["request", "feature", "label"]


def event(time_ms: int, kind: EventKind, number: int = 0) -> SourceEvent:
    return SourceEvent(time_ms, kind, kind, f"{kind}-{number}", {})


streams = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(KINDS)), max_size=60).map(
    lambda rows: [event(t, kind, i) for i, (t, kind) in enumerate(sorted(rows, key=lambda row: row[0]))]
)


class World:
    """Answers and learns late, at the whim of the test, and closes panes from what it was sent."""

    def __init__(self) -> None:
        self.unanswered: list[int] = []
        self.labels = 0
        self.learned = 0
        self.promise = -math.inf

    def frontier(self) -> Frontier:
        oldest = min(self.unanswered, default=math.inf)
        return Frontier(self.promise // 10 * 10 if math.isfinite(self.promise) else self.promise, oldest, self.learned)


@settings(max_examples=200)
@given(streams, st.lists(st.booleans(), min_size=1, max_size=20))
def test_all_go_out_in_order_and_within_bounds(stream: list[SourceEvent], whims: list[bool]) -> None:
    schedule, world = Schedule(stream, LIMITS), World()
    features: list[SourceEvent] = []
    followers: list[SourceEvent] = []
    for turn in range(10_000):
        if schedule.is_done:
            break
        frontier = world.frontier()
        sent = schedule.take_features(frontier)
        assert all(e.time_ms <= frontier.oldest_unanswered_ms + LIMITS.reach_ms for e in sent)
        features += sent
        promise = schedule.promise_ms(frontier)
        needed = min(
            [frontier.oldest_unanswered_ms, *(e.time_ms for e in stream if e.kind == "request" and e not in followers)]
        )
        assert promise <= needed + LIMITS.reach_ms, "panes that a request still needs would be let go"
        world.promise = max(world.promise, promise)
        frontier = world.frontier()
        out = schedule.take_requests(frontier)
        asked = [e for e in out if e.kind == "request"]
        assert all(e.time_ms // 10 * 10 <= frontier.watermark_ms for e in asked), "a pane was still open"
        followers += out
        world.unanswered += [e.time_ms for e in out if e.kind == "request"]
        world.labels += sum(e.kind == "label" for e in out)
        if whims[turn % len(whims)] or turn > 500:
            world.unanswered, world.learned = [], world.labels
    assert schedule.is_done
    assert features == [e for e in stream if e.kind == "feature"]
    assert followers == [e for e in stream if e.kind != "feature"]


def test_requests_wait_for_a_model_that_is_too_old() -> None:
    labels = [event(t, "label", t) for t in range(4)]
    schedule = Schedule([*labels, event(150, "request")], LIMITS)
    stale = Frontier(watermark_ms=1000.0, learned=0)
    schedule.take_features(stale)
    assert [e.kind for e in schedule.take_requests(stale)] == ["label"] * 4
    assert schedule.take_requests(stale) == [], "label 3 is 147 ms old and in no model"
    assert len(schedule.take_requests(Frontier(watermark_ms=1000.0, learned=1))) == 1


def test_the_speed_holds_everything_back() -> None:
    schedule = Schedule([event(5, "feature"), event(20, "feature")], LIMITS)
    assert [e.time_ms for e in schedule.take_features(Frontier(clock_ms=10.0))] == [5]
