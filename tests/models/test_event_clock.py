"""The clock of a source partition is a function of its log, however that is cut into batches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.event_clock import PERSISTS, SourceClock, advance, clock_from

JUMP = 100
record = st.tuples(st.one_of(st.integers(0, 300), st.integers(0, 10_000)), st.booleans())


@given(st.lists(record, max_size=40), st.lists(st.integers(0, 40), max_size=5))
def test_cuts_change_nothing(log: list[tuple[int, bool]], cuts: list[int]) -> None:
    times, promises = np.array([float(t) for t, _ in log]), np.array([p for _, p in log], np.bool_)
    whole, accepted = advance(SourceClock(), times, promises, JUMP)
    clock, parts = SourceClock(), list[np.ndarray]()
    edges = sorted({0, len(log), *(min(c, len(log)) for c in cuts)})
    for a, b in pairwise(edges):
        clock, part = advance(clock_from(clock.to_bytes()), times[a:b], promises[a:b], JUMP)
        parts.append(part)
    assert clock == whole
    assert np.concatenate([np.zeros(0, np.bool_), *parts]).tolist() == accepted.tolist()


@given(st.lists(record, min_size=1, max_size=40))
def test_no_accepted_event_is_far_ahead_of_what_was_accepted_before(log: list[tuple[int, bool]]) -> None:
    times, promises = np.array([float(t) for t, _ in log]), np.array([p for _, p in log], np.bool_)
    _, accepted = advance(SourceClock(), times, promises, JUMP)
    for i in range(1, len(log)):
        before = times[:i][accepted[:i]].max(initial=-np.inf)
        assert promises[i] or accepted[i] == (before == -np.inf or times[i] <= before + JUMP)


def test_a_jump_that_persists_is_believed() -> None:
    times = np.concatenate(([0.0], np.full(PERSISTS + 1, 1e6)))
    clock, accepted = advance(SourceClock(), times, np.zeros(len(times), np.bool_), JUMP)
    assert np.flatnonzero(~accepted).tolist() == list(range(1, PERSISTS))
    assert clock.newest == 1e6
