"""The pool of closed rows against lists of pane ends."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_jobs.feature_windows.history import History
from stream_jobs.feature_windows.panes import blank_rows
from stream_jobs.feature_windows.plan import EventPlan

PLAN = EventPlan("e", ("k",), ("v",), (31,), (), (1,))
KEEP = 7
batches = st.lists(
    st.dictionaries(st.integers(0, 8), st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=30
)


@given(batches, st.sets(st.integers(0, 29)))
def test_each_entity_keeps_its_rows_whatever_moves(steps: list[dict[int, int]], forgets: set[int]) -> None:
    history, model, now = History(PLAN), {e: list[int]() for e in range(9)}, 0
    history.grow(9)
    for step, added in enumerate(steps):
        owners = np.repeat(sorted(added), [added[e] for e in sorted(added)])
        ends = np.concatenate([now + 1 + np.arange(added[e]) for e in sorted(added)])
        rows = blank_rows(PLAN, len(ends))
        rows.end_N[:] = ends
        rows.total_VN[0] = owners
        history.append(owners, rows, now - KEEP)
        for entity in added:
            old = [e for e in model[entity] if e <= now - KEEP]
            model[entity] = old[-1:] + [e for e in model[entity] if e > now - KEEP] + ends[owners == entity].tolist()
        now = int(ends.max())
        if step in forgets:
            gone = next(iter(added))
            history.forget(np.array([gone]))
            model[gone] = []
        for entity, want in model.items():
            held = history.rows_of(np.array([entity]))
            assert held.end_N.tolist() == want
            assert set(held.total_VN[0].tolist()) <= {entity}
    everyone = np.arange(9)
    assert history.ends_of(everyone).tolist() == [e for entity in range(9) for e in model[entity]]
    at = now - KEEP
    assert history.bases(everyone, np.full(9, at)).tolist() == [
        max((e for e in model[i] if e <= at), default=0) for i in range(9)
    ]
