"""The figures say what was planted: a layer that vanishes, one that explodes, units that are off."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.gradient_health import gradient_health
from tests.models.safeguards.rig import learner, teach_stream

LAYERS = ("first.weight", "first.bias", "second.weight", "head.weight")


def gradients(seed: int) -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(seed)
    return {name: torch.randn((6, 4) if name.endswith("weight") else (6,), generator=source) for name in LAYERS}


@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-12, 1.0, 1e12]))
def test_layers_in_proportion_are_healthy_whatever_their_size(seed: int, scale: float) -> None:
    health = gradient_health({name: g * scale for name, g in gradients(seed).items()})
    assert health.vanishing == health.exploding == ()
    assert set(health.dead.values()) == {0.0}
    whole = torch.cat([g.flatten().double() * scale for g in gradients(seed).values()])
    assert health.norm == pytest.approx(whole.norm().item(), rel=1e-6)


@given(seed=st.integers(0, 1000), name=st.sampled_from(LAYERS))
def test_what_vanishes_explodes_or_is_not_finite_is_named(seed: int, name: str) -> None:
    for factor, field in ((1e-8, "vanishing"), (1e8, "exploding"), (math.nan, "exploding"), (math.inf, "exploding")):
        health = gradient_health(gradients(seed) | {name: gradients(seed)[name] * factor})
        assert name in getattr(health, field)
        if field == "vanishing":
            assert (health.vanishing, health.exploding) == ((name,), ())
        else:
            assert health.exploding == (name,)


@given(seed=st.integers(0, 1000), off=st.sets(st.integers(0, 5)))
def test_units_without_gradient_are_counted(seed: int, off: set[int]) -> None:
    made = gradients(seed)
    made["second.weight"][sorted(off)] = 0
    assert gradient_health(made).dead == {"first.weight": 0, "second.weight": len(off) / 6, "head.weight": 0}


def test_a_gradient_of_nothing_is_zero() -> None:
    health = gradient_health({"first.weight": torch.zeros(3, 2), "empty.weight": torch.zeros(0, 2)})
    assert (health.norm, health.vanishing, health.exploding) == (0.0, (), ())
    assert health.dead == {"first.weight": 1.0, "empty.weight": 0.0}


def test_units_that_are_off_in_a_network_are_found() -> None:
    one = learner()
    assert math.isnan(one.gradient_norm)
    assert one.gradients.health().norms == {}
    teach_stream(one, 64, 0)
    assert one.gradient_norm > 0
    with torch.no_grad():
        one._network.layers[0].bias[:4] = -1e6  # type: ignore[index,union-attr]
    teach_stream(one, 16, 1)
    health = one.gradients.health()
    assert 4 / 16 <= health.dead["layers.0.weight"] < 1
    assert health.dead.keys() == {"layers.0.weight", "head.weight"}


def test_a_step_that_was_left_out_shows_in_the_norm() -> None:
    one = learner(target="regression")
    teach_stream(one, 64, 0, "regression")
    x_BF = torch.zeros(4, 4).numpy()
    one.learn_many(x_BF, torch.tensor([1.0, math.nan, 2.0, 3.0], dtype=torch.float64).numpy())
    assert not math.isfinite(one.gradient_norm)
