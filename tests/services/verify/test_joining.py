"""What leaves no record may have timed out, but no more rows than the state says, and only such as were due."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.whole_log import Span
from services.verify.joining import ANSWER_ENDS, Flow
from services.verify.ledger import Entries
from services.verify.marks import Marks
from services.verify.report import Equation, Place

ROWS, REACHED = 12, 100.0


def checked(timed_out: list[int], lost: dict[int, float], held: set[int]) -> Equation:
    """Rows 0 … 11 of one partition; those not named are joined. `lost` says when each was due."""
    marks = Marks("t", {0: Span(0, ROWS)})
    joined = np.array(sorted({*range(ROWS)} - {*timed_out, *lost, *held}), np.int64)
    zeros = np.zeros(len(joined), np.int64)
    marks.end(Entries("e", zeros, joined, zeros.astype(np.uint64)), zeros, joined, zeros.astype(np.uint8) + 1)
    marks.hold(0, np.array(sorted(held), np.int64), np.ones(len(held), np.bool_))
    names = ("in", "joined", "defaulted", "timed_out", "no_prediction", "duplicate", "bad")
    counts = dict(zip(names, (ROWS, len(joined), 0, len(timed_out), 0, 0, 0), strict=True))
    book = {f"answers_{name}": count for name, count in counts.items()}
    flow = Flow(marks, "answers", ANSWER_ENDS, {0: book}, {0: ROWS}, {0: REACHED}, whole=True)
    due = np.array([lost.get(row, REACHED) for row in range(ROWS)])
    flow.take(0, np.arange(ROWS), np.zeros(ROWS, np.bool_), due)
    return flow.equation("predictions")


SPLIT = st.lists(st.sampled_from(["joined", "timed out", "held"]), min_size=ROWS, max_size=ROWS)


@given(SPLIT)
def test_all_is_well_where_the_books_agree(fates: list[str]) -> None:
    timed_out = [row for row, fate in enumerate(fates) if fate == "timed out"]
    held = {row for row, fate in enumerate(fates) if fate == "held"}
    equation = checked(timed_out, {}, held)
    assert equation.holds, str(equation)
    assert {t.name: t.count for t in equation.terms}["pending"] == len(held)


@given(SPLIT, st.integers(0, ROWS - 1), st.booleans())
def test_a_row_lost_is_named_if_it_was_not_due(fates: list[str], row: int, early: bool) -> None:
    timed_out = [r for r, fate in enumerate(fates) if fate == "timed out" and r != row]
    held = {r for r, fate in enumerate(fates) if fate == "held" and r != row}
    equation = checked(timed_out, {row: REACHED + early}, held)
    assert not equation.holds
    first = row if early or not timed_out else min(row, *timed_out)
    assert equation.faults[0].place == Place("t", 0, first)
