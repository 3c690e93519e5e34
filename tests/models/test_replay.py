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


@given(rows=st.integers(0, 60), more=st.integers(0, 60), seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_it_goes_on_from_a_snapshot_as_if_it_had_never_stopped(rows: int, more: int, seed: int) -> None:
    whole, again = Reservoir(SIZE, 1, seed), Reservoir(SIZE, 1, seed + 1)
    fill(whole, rows, 5)
    again.restore(whole.snapshot())
    for memory in (whole, again):
        fill(memory, more, 5, start=rows)
    assert held(whole) == held(again)
    assert np.array_equal(whole.sample(4)[1], again.sample(4)[1])


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
