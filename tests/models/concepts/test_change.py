"""Changes are found soon, at any time, and made up no more often than was asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.concepts.change import Change
from models.protocol import Float64

RUN, ROWS, BLOCK = 2000, 200, 10


def coins(random: np.random.Generator, rows: int, mean: float = 0.0) -> Float64:
    return random.choice([-1.0, 1.0], rows, p=[(1 - mean) / 2, (1 + mean) / 2])


def ever(seed: int) -> bool:
    random, change = np.random.default_rng(seed), Change()
    for _ in range(ROWS // BLOCK):
        change = change.after(coins(random, BLOCK))
        if change.exceeds(RUN):
            return True
    return False


def test_of_short_runs_without_change_no_larger_a_share_than_their_part_of_the_run_length_is_alarmed() -> None:
    assert sum(ever(seed) for seed in range(500)) / 500 <= ROWS / RUN


def found_after(before: int, seed: int) -> int:
    random, change = np.random.default_rng(seed), Change()
    for _ in range(before // BLOCK):
        change = change.after(coins(random, BLOCK, mean=-0.3))
    for block in range(1, 400):
        change = change.after(coins(random, BLOCK, mean=0.5))
        if change.exceeds(20_000):
            return block * BLOCK
    raise AssertionError("never found")


def test_what_went_before_does_not_delay_it() -> None:
    soon, late = (np.median([found_after(before, seed) for seed in range(20)]) for before in (0, 5000))
    assert soon <= 150
    assert late <= soon + 3 * BLOCK


@given(st.lists(st.floats(-1, 1), max_size=30), st.integers(0, 30))
def test_restored_it_goes_on_as_if_never_stopped(values: list[float], cut: int) -> None:
    d_B = np.array(values, np.float64)
    whole = Change().after(d_B[:cut]).after(d_B[cut:])
    broken = Change.restored(Change().after(d_B[:cut]).snapshot()).after(d_B[cut:])
    np.testing.assert_array_equal(whole.log_L, broken.log_L)
