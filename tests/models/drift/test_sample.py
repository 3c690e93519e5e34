from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.drift.sample import SAMPLE_BYTES, merged, row_bytes, rows_kept, sample_columns, sampled_rows

WIDTH, ROWS = 2, 4
samples = st.lists(st.integers(0, 40), max_size=8).map(
    lambda ids: sample_columns(
        np.array(ids, np.float32)[:, None].repeat(WIDTH, 1),
        np.array([str(i).encode() for i in ids], "S4"),
        np.zeros(len(ids), np.intp),
        1,
        ROWS,
        seed=1,
    )[0]
)


@given(samples, samples, samples)
def test_merging_is_associative_commutative_and_the_same_when_done_twice(one: bytes, two: bytes, three: bytes) -> None:
    def merge(*parts: bytes) -> bytes:
        return merged(ROWS, WIDTH, *parts)

    assert merge(one, merge(two, three)) == merge(merge(one, two), three) == merge(three, one, two)
    assert merge(one, two, two) == merge(two, one)
    assert len(merge(one, two, three)) <= ROWS * row_bytes(WIDTH)


def some_rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    x_BF = np.random.default_rng(0).normal(0, 1, (count, WIDTH)).astype(np.float32)
    x_BF[0, 0] = np.nan
    return x_BF, np.array([f"id-{i}".encode() for i in range(count)])


@given(st.lists(st.integers(0, 6), min_size=60, max_size=60))
def test_a_sample_is_the_same_however_the_rows_are_dealt(partition: list[int]) -> None:
    x_BF, id_B = some_rows(60)
    whole = sample_columns(x_BF, id_B, np.zeros(60, np.intp), 1, ROWS, seed=3)[0]
    dealt = sample_columns(x_BF, id_B, np.array(partition, np.intp), 7, ROWS, seed=3)
    assert merged(ROWS, WIDTH, *dealt) == whole
    assert len(sampled_rows(whole, WIDTH)) == ROWS


def test_every_row_is_as_likely_as_any_other() -> None:
    x_BF, id_B = some_rows(40)
    x_BF[:, 0] = np.arange(40)
    drawn = np.zeros(40)
    for seed in range(2000):
        sample = sample_columns(x_BF, id_B, np.zeros(40, np.intp), 1, ROWS, seed)[0]
        drawn[sampled_rows(sample, WIDTH)[:, 0].astype(int)] += 1
    expected = 2000 * ROWS / 40
    assert ((drawn - expected) ** 2 / expected).sum() < 73, "chi-squared of 39 degrees of freedom, 0.1 %"


def test_of_two_answers_with_one_id_one_is_kept_whatever_comes_first() -> None:
    one, two = (
        sample_columns(np.full((1, WIDTH), x, np.float32), np.array([b"a"]), np.zeros(1, np.intp), 1, ROWS, 0)[0]
        for x in (1.0, 2.0)
    )
    assert merged(ROWS, WIDTH, one, two) == merged(ROWS, WIDTH, two, one)
    assert len(sampled_rows(merged(ROWS, WIDTH, one, two), WIDTH)) == 1


@given(st.integers(1, 5000))
def test_a_sample_is_never_larger_than_it_may_be_nor_empty(width: int) -> None:
    rows = rows_kept(2048, width)
    assert rows >= 1
    assert rows == 1 or rows * row_bytes(width) <= SAMPLE_BYTES
