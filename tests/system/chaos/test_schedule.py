"""A schedule is a function of its arguments, and a clock that changes its rate never jumps."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.system.chaos.pace import Pace
from tests.system.chaos.schedule import KILLS, LAST, OTHERS, answers_needed, schedule


@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 40), st.integers(1000, 50_000))
def test_every_kind_comes_as_often_as_the_next(seed: int, kills: int, others: int, answers: int) -> None:
    drawn = schedule(seed, kills, others, answers)
    assert drawn == schedule(seed, kills, others, answers)
    points = [d.at for d in drawn]
    assert points == sorted(set(points))
    assert all(0 < at < LAST * answers for at in points)
    for kinds, count in ((KILLS, kills), (OTHERS, others)):
        times = Counter((d.kind, d.target) for d in drawn if (d.kind, d.target) in kinds)
        assert sum(times.values()) == count
        assert all(count // len(kinds) <= times[kind] <= -(-count // len(kinds)) for kind in kinds)


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 300))
def test_the_last_has_requests_left_however_long_each_lasts(seed: int, kills: int, each: int) -> None:
    drawn = schedule(seed, kills, 0, 5000)
    needed = answers_needed(drawn, each)
    assert needed >= drawn[-1].at + each
    assert needed >= drawn[0].at + kills * each


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1e6)), max_size=20))
def test_time_passes_at_the_rate_that_was_set(steps: list[tuple[float, float]]) -> None:
    now = [0.0]
    pace, expected, rate = Pace(1.0, lambda: now[0]), 0.0, 1.0
    for passed_s, following in steps:
        now[0] += passed_s
        expected += passed_s * rate
        before = pace()
        pace.change(following)
        assert pace() == before
        rate = following
    assert abs(pace() - expected) <= 1e-6 * max(1.0, expected)
