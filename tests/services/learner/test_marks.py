"""Marks: bounded, and a range counted from one is the range that was meant."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.learner.marks import MOST, LeftOut, Marks


@settings(max_examples=30)
@given(batch=st.integers(1, 3000), steps=st.integers(1, 400), gaps=st.integers(0, 5))
def test_marks_are_true_few_and_near(batch: int, steps: int, gaps: int) -> None:
    marks, offset = Marks(), 0
    for step in range(1, steps + 1):
        offset = step * (batch + gaps)
        marks = marks.after(step * batch, offset)
    assert len(marks.pairs) <= MOST
    assert all(offset == examples // batch * (batch + gaps) for examples, offset in marks.pairs)
    whole = steps * batch
    for wanted in (0, whole // 3, whole):
        assert marks.before(wanted)[0] <= wanted
        assert wanted - marks.before(wanted)[0] < 2 * marks.stride + batch


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=MOST))
def test_what_was_left_out_is_known_to_the_offset(parts: list[tuple[int, int]]) -> None:
    left_out, offset, lost = LeftOut(), 0, set[int]()
    for gap, size in parts:
        first, offset = offset + gap, offset + gap + size
        left_out = left_out.after(first, offset)
        lost |= set(range(first, offset))
    offset_B = np.arange(offset + 3)
    assert set(offset_B[~left_out.lacks(offset_B)].tolist()) == lost
