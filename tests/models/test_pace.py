"""Reactions to drift: the rate is raised for as long as was said, the rest happens once, and cooling down is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.pace import Pace
from models.protocol import Float32
from models.torch_learner import TorchLearner
from schemas.pipeline_optimiser import Optimiser
from tests.models.safeguards.rig import learner, teach_stream


def pace(**reaction: Any) -> Pace:
    return Pace(Optimiser.model_validate({"rate": 0.5, "reaction": reaction}))


def part(of: TorchLearner, name: str) -> Float32:
    return np.asarray(of.snapshot().tensors[name])


def test_without_a_word_nothing_changes_and_nothing_is_kept() -> None:
    one = pace()
    assert one.is_constant
    assert not one.drifted()
    assert one.rate == 0.5
    assert "pace" not in learner().snapshot().manifest


@given(over=st.integers(1, 50), cool_down=st.integers(0, 100), drifts=st.lists(st.integers(1, 60), max_size=8))
def test_the_rate_is_raised_so_long_and_no_drift_counts_while_it_cools_down(
    over: int, cool_down: int, drifts: list[int]
) -> None:
    one, last = pace(raise_rate=4, over=over, cool_down=cool_down), None
    time = 0
    for gap in drifts:
        for _ in range(gap):
            one.learned(1)
            time += 1
            raised = last is not None and time - last < over
            assert one.rate == (2.0 if raised else 0.5)
        reacted = one.drifted()
        assert reacted == (last is None or time - last >= cool_down)
        last = time if reacted else last


def test_a_reset_head_begins_again_and_the_rest_stays() -> None:
    one = learner(optimiser={"reaction": {"reset_head": True}})
    teach_stream(one, 128, 0)
    body, moments = part(one, "network.layers.0.weight"), part(one, "optimiser.layers.0.weight.exp_avg")
    assert part(one, "network.head.weight").any()
    one.on_drift()
    assert not part(one, "network.head.weight").any()
    assert not part(one, "optimiser.head.weight.exp_avg").any()
    assert np.array_equal(part(one, "network.layers.0.weight"), body)
    assert np.array_equal(part(one, "optimiser.layers.0.weight.exp_avg"), moments)


def test_a_warm_restart_forgets_gradients_and_keeps_weights() -> None:
    one = learner(optimiser={"reaction": {"forget_moments": True}})
    teach_stream(one, 128, 0)
    before = one.snapshot().tensors
    one.on_drift()
    for name, value in one.snapshot().tensors.items():
        np.testing.assert_array_equal(value, 0 * value if name.startswith("optimiser.") else before[name])


@given(raises=st.lists(st.tuples(st.integers(1, 40), st.floats(0.1, 9), st.integers(1, 60)), max_size=5))
def test_a_rate_raised_by_a_rule_holds_for_its_examples_and_the_last_word_counts(
    raises: list[tuple[int, float, int]],
) -> None:
    one, times, left = pace(), 1.0, 0
    for gap, times_now, over in raises:
        for _ in range(gap):
            assert one.rate == pytest.approx(0.5 * (times if left > 0 else 1.0))
            one.learned(1)
            left -= 1
        one.raise_rate(times_now, over)
        times, left = times_now, over
        again = pace()
        again.restore(one.manifest())
        assert (again.rate, again.manifest()) == (one.rate, one.manifest())
    one.learned(60)
    assert one.is_constant
    assert (one.rate, one.manifest()) == (0.5, {})
