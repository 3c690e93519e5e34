"""Breaker, patience and memory stay within their bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.predictor.breaker import Breaker
from services.predictor.last_known import LastKnown
from services.predictor.patience import Patience


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=60))
def test_what_is_away_is_asked_ever_more_rarely_but_never_given_up(gaps: list[float]) -> None:
    breaker, now, attempts = Breaker(100, 2000), 0.0, 0
    for gap in gaps:
        now += gap
        if breaker.allows(now):
            attempts += 1
            breaker.failed(now)
    assert breaker.allows(now + 2000)
    assert attempts <= 1 + now / 100
    breaker.worked()
    assert breaker.closed
    assert breaker.allows(now)


@given(st.lists(st.sampled_from([1.0, 1.0, 1.0, 2.0, 3.0]), max_size=40))
def test_one_stand_of_the_watermark_is_waited_for_at_most_twice_as_long(marks: list[float]) -> None:
    patience, waited, highest = Patience(200), dict[float, float](), 0.0
    for mark in marks:
        highest = max(highest, mark)
        waited[highest] = waited.get(highest, 0.0) + patience.left(mark)
        patience.in_vain()
    assert all(total <= 400 for total in waited.values())


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=4), max_size=30), st.integers(2, 12))
def test_the_keys_used_last_are_known_with_their_last_values(batches: list[list[int]], limit: int) -> None:
    held, last = LastKnown(limit), dict[bytes, bytes]()
    for turn, batch in enumerate(batches):
        keys = [b"%d" % k for k in dict.fromkeys(batch)]
        held.keep(keys, [b"%d" % turn] * len(keys))
        for key in keys:
            last.pop(key, None)
            last[key] = b"%d" % turn
        assert len(held) <= limit + 2 * 4
        recent = list(last)[-(limit // 2) :]
        values, known = held.recall(recent)
        assert known.all()
        assert values == [last[k] for k in recent]
    assert not held.recall([b"never"])[1].any()
