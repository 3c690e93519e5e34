"""The reservoir is a uniform sample, whatever the sizes of the batches, and comes back as it was."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.replay import Reservoir

SIZE, SEEN, RUNS = 8, 40, 600


def fill(memory: Reservoir, rows: int, batch: int, start: int = 0) -> None:
    for first in range(start, start + rows, batch):
        y_B = np.arange(first, min(first + batch, start + rows), dtype=np.float64)
        memory.add(y_B[:, None].astype(np.float32), y_B)


def held(memory: Reservoir) -> list[float]:
    values: list[float] = memory.snapshot().tensors["y"].tolist()
    return values


def test_every_example_is_kept_equally_often() -> None:
    """Chi-squared over seeds; the threshold is far out, and the seeds are fixed."""
    counts = np.zeros(SEEN)
    for seed in range(RUNS):
        memory = Reservoir(SIZE, 1, seed)
        fill(memory, SEEN, batch=7)
        counts[np.array(held(memory), int)] += 1
    assert counts.sum() == SIZE * RUNS
    assert stats.chisquare(counts).pvalue > 0.001


@given(rows=st.integers(0, 60), batch=st.integers(1, 20), seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_it_holds_what_it_can_and_each_example_once(rows: int, batch: int, seed: int) -> None:
    memory = Reservoir(SIZE, 1, seed)
    fill(memory, rows, batch)
    assert len(memory) == min(rows, SIZE)
    assert len(set(held(memory))) == len(memory)
    assert set(held(memory)) <= set(range(rows))


turns = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4), st.sets(st.integers(1, 4))), max_size=5)
"""Rows that come, the concept that then begins, and those that it contradicts."""


def live(memory: Reservoir, rows: int, concept: int, contradicted: set[int], start: int) -> None:
    fill(memory, rows, 5, start)
    memory.turn_to(concept, contradicted - {concept})


@given(before=turns, after=turns, seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_it_goes_on_from_a_snapshot_as_if_it_had_never_stopped(
    before: list[tuple[int, int, set[int]]], after: list[tuple[int, int, set[int]]], seed: int
) -> None:
    whole, again = Reservoir(SIZE, 1, seed), Reservoir(SIZE, 1, seed + 1)
    for number, turn in enumerate(before):
        live(whole, *turn, start=100 * number)
    again.restore(whole.snapshot())
    for memory in (whole, again):
        for number, turn in enumerate(after):
            live(memory, *turn, start=1000 + 100 * number)
    assert held(whole) == held(again)
    assert np.array_equal(whole.sample(4)[1], again.sample(4)[1])


@given(turns=turns, seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_what_the_present_contradicts_is_let_go_and_nothing_else(
    turns: list[tuple[int, int, set[int]]], seed: int
) -> None:
    memory, of, present = Reservoir(SIZE, 1, seed), dict[int, int](), 0
    for number, (rows, concept, contradicted) in enumerate(turns):
        fill(memory, rows, 5, start=100 * number)
        # What comes before the first turn belongs to the first concept.
        of |= dict.fromkeys(range(100 * number, 100 * number + rows), present or concept)
        before, present = held(memory), concept
        memory.turn_to(concept, contradicted - {concept})
        assert held(memory) == [row for row in before if of[int(row)] not in contradicted - {concept}]
        assert len(memory) <= SIZE


def test_what_is_left_goes_on_as_a_uniform_sample() -> None:
    """Half of what was seen is let go: of the other half and of what follows each is kept about as often."""
    counts = np.zeros(3 * SEEN)
    for seed in range(RUNS):
        memory = Reservoir(SIZE, 1, seed)
        fill(memory, SEEN, batch=5)
        memory.turn_to(1, ())
        memory.turn_to(2, ())
        fill(memory, SEEN, batch=5, start=SEEN)
        memory.turn_to(3, (2,))
        fill(memory, SEEN, batch=5, start=2 * SEEN)
        counts[np.array(held(memory), int)] += 1
    assert counts[SEEN : 2 * SEEN].sum() == 0
    assert stats.chisquare(counts[:SEEN]).pvalue > 0.001
    # Who fills the room that came free comes in whole: those are the first of what follows.
    assert 0.6 < counts[:SEEN].sum() / counts[2 * SEEN + SIZE :].sum() < 1.7


def test_rows_keep_their_labels() -> None:
    memory = Reservoir(SIZE, 1, 0)
    fill(memory, SEEN, 7)
    x_RF, y_R = memory.sample(100)
    assert np.array_equal(x_RF[:, 0], y_R)
    assert set(y_R.tolist()) <= set(held(memory))


def test_an_empty_memory_gives_nothing() -> None:
    x_RF, y_R = Reservoir(SIZE, 3, 0).sample(10)
    assert x_RF.shape == (0, 3)
    assert y_R.shape == (0,)
