"""Groups share the memory equally, each share is a uniform sample of its group, and draws are balanced."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.replay_groups import GroupedMemory

SIZE = 12
RUNS = 500


def memory(seed: int = 0, size: int = SIZE, concepts: bool = False, classes: bool = True) -> GroupedMemory:
    return GroupedMemory(size, 1, seed, classes, concepts)


def offer(to: GroupedMemory, labels: list[int], start: int = 0, batch: int = 5) -> None:
    """Row i has the number i, so that one can tell which is held."""
    for first in range(0, len(labels), batch):
        y_B = np.array(labels[first : first + batch], np.float64)
        x_B = start + first + np.arange(len(y_B))
        to.add(x_B[:, None].astype(np.float32), y_B)


def test_each_example_of_a_class_is_kept_equally_often() -> None:
    """Chi-squared over seeds, with a class that comes late, so that the first one's share shrinks."""
    labels = [0] * 30 + [0, 1] * 15
    counts = np.zeros(len(labels))
    for seed in range(RUNS):
        one = memory(seed)
        offer(one, labels)
        counts[one.snapshot().tensors["x"][:, 0].astype(int)] += 1
    of_class = np.array(labels)
    for label in (0, 1):
        mine = counts[of_class == label]
        assert mine.sum() == RUNS * SIZE / 2
        assert stats.chisquare(mine).pvalue > 0.001


def test_draws_are_as_many_of_each_class_however_rare_it_is() -> None:
    one = memory()
    offer(one, [0] * 500 + [1] + [2] * 40)
    _, y_R = one.sample(6000)
    assert stats.chisquare(np.bincount(y_R.astype(int))).pvalue > 0.001


def test_draws_are_uniform_within_a_class() -> None:
    one = memory()
    offer(one, [0] * 100 + [1] * 100)
    x_RF, y_R = one.sample(6000)
    _, counts = np.unique(x_RF[y_R == 1], return_counts=True)
    assert len(counts) == SIZE / 2
    assert stats.chisquare(counts).pvalue > 0.001


@given(
    labels=st.lists(st.integers(0, 20), max_size=80),
    batch=st.integers(1, 20),
    size=st.integers(1, 30),
    seed=st.integers(0, 5),
)
@settings(max_examples=80)
def test_it_is_bounded_and_rows_keep_their_labels(labels: list[int], batch: int, size: int, seed: int) -> None:
    one = memory(seed, size)
    offer(one, labels, batch=batch)
    assert len(one) <= size
    assert all(count >= 1 for count in one.held.values())
    if len(set(labels)) <= size:
        share = size // max(len(set(labels)), 1)
        assert one.held == {
            (0, c): min(labels.count(c), share) for c in dict.fromkeys(one_key for _, one_key in one.held)
        }
        assert {label for _, label in one.held} == set(labels)
    x_RF, y_R = one.sample(50)
    assert len(y_R) == (50 if labels else 0)
    assert [labels[int(x)] for x in x_RF[:, 0]] == y_R.tolist()


@given(
    labels=st.lists(st.integers(0, 9), max_size=60),
    more=st.lists(st.integers(0, 12), max_size=60),
    size=st.integers(1, 20),
)
@settings(max_examples=60)
def test_it_goes_on_from_a_snapshot_as_if_it_had_never_stopped(labels: list[int], more: list[int], size: int) -> None:
    whole, again = memory(0, size, concepts=True), memory(1, size, concepts=True)
    whole.turn_to(3, (1,))
    offer(whole, labels)
    again.restore(whole.snapshot())
    for one in (whole, again):
        offer(one, more, start=len(labels))
        one.turn_to(4, (3,))
        offer(one, more)
    assert whole.snapshot().manifest == again.snapshot().manifest
    assert all(np.array_equal(whole.snapshot().tensors[k], again.snapshot().tensors[k]) for k in "xy")
    assert np.array_equal(whole.sample(9)[0], again.sample(9)[0])


def test_what_is_contradicted_is_kept_but_not_drawn() -> None:
    one = memory(concepts=True)
    one.turn_to(6, contradicted=())
    offer(one, [0, 1] * 10)
    one.turn_to(7, contradicted=(6,))
    assert one.sample(10)[1].shape == (0,)
    offer(one, [0, 1] * 10, start=100)
    assert (one.sample(200)[0] >= 100).all()
    one.turn_to(8, contradicted=())
    drawn = one.sample(200)[0]
    assert (drawn >= 100).any()
    assert (drawn < 100).any()


def test_the_past_is_drawn_before_the_present() -> None:
    one = memory(concepts=True)
    one.turn_to(6, contradicted=())
    offer(one, [0, 1] * 10)
    assert (one.sample(50)[0] < 100).all(), "there is no past yet"
    one.turn_to(7, contradicted=())
    offer(one, [0, 1] * 10, start=100)
    assert (one.sample(50)[0] < 100).all()
    one.turn_to(6, contradicted=())
    assert (one.sample(50)[0] >= 100).all()


def test_what_came_before_any_regime_was_told_apart_belongs_to_the_first() -> None:
    one = memory(concepts=True)
    offer(one, [0, 1] * 10)
    one.turn_to(1, contradicted=())
    offer(one, [0, 1] * 10, start=20)
    assert one.held == {(1, 0): SIZE // 2, (1, 1): SIZE // 2}
    one.turn_to(2, contradicted=(1,))
    offer(one, [0, 1] * 10, start=100)
    assert (one.sample(200)[0] >= 100).all(), "all of the first is contradicted"


def test_concepts_of_a_regression_are_told_apart() -> None:
    one = memory(concepts=True, classes=False)
    one.turn_to(1, ())
    offer(one, [5, 6, 7])
    one.turn_to(2, ())
    offer(one, [8] * 90)
    assert one.held == {(1, 0): 3, (2, 0): SIZE // 2}


def test_a_label_that_is_no_number_is_a_class_of_its_own() -> None:
    one = memory()
    one.add(np.zeros((2, 1), np.float32), np.array([np.nan, 1.0]))
    assert one.held.keys() == {(0, -1), (0, 1)}


def test_past_concepts_are_drawn_alike_and_their_classes_as_often_as_they_came() -> None:
    one = memory(size=60, concepts=True)
    one.turn_to(1, ())
    offer(one, [0] * 90 + [1] * 10)
    one.turn_to(2, ())
    offer(one, [0] * 10, start=1000)
    one.turn_to(3, ())
    row_R, label_R = one.sample(4000)
    drawn = [int(count) for count in (((row_R[:, 0] < 1000) & (label_R == c)).sum() for c in (0, 1))]
    drawn.append(int((row_R >= 1000).sum()))
    assert stats.chisquare(drawn, 4000 * np.array([0.45, 0.05, 0.5])).pvalue > 1e-4
