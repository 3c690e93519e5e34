"""Penalties are zero at the anchor, never negative, and their gradients are those that calculus gives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from models.protocol import Target
from models.safeguards.distillation import distance
from models.safeguards.elastic_net import add_elastic_gradient
from models.safeguards.quadratic import add_quadratic_gradient, quadratic_penalty

SHAPES = ((3, 2), (4,), (1, 1))
TARGETS: tuple[tuple[Target, int], ...] = (("binary", 1), ("multiclass", 4), ("regression", 1))
seeds = st.integers(0, 1000)
strengths = st.floats(0.01, 100)


def drawn(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    source = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=source, dtype=torch.float64) for shape in shapes]


def parts(seed: int) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Parameters, anchors, weights."""
    made = drawn(seed, *SHAPES, *SHAPES, *SHAPES)
    return [p.requires_grad_() for p in made[:3]], made[3:6], [w.square() for w in made[6:]]


@given(seed=seeds, strength=strengths)
def test_the_quadratic_penalty_is_zero_at_the_anchor_and_positive_beside_it(seed: int, strength: float) -> None:
    parameters, anchors, weights = parts(seed)
    assert quadratic_penalty(anchors, anchors, weights, strength).item() == 0
    assert quadratic_penalty(parameters, anchors, weights, strength).item() > 0


@given(seed=seeds, strength=strengths)
def test_the_gradient_written_out_is_autograds(seed: int, strength: float) -> None:
    parameters, anchors, weights = parts(seed)
    value = quadratic_penalty(parameters, anchors, weights, strength)
    by_autograd = torch.autograd.grad(value, parameters)
    written = [torch.zeros_like(p) for p in parameters]
    add_quadratic_gradient(written, parameters, anchors, weights, strength)
    torch.testing.assert_close(written, list(by_autograd))


def test_the_quadratic_penalty_passes_gradcheck() -> None:
    parameters, anchors, weights = parts(0)
    assert torch.autograd.gradcheck(lambda *own: quadratic_penalty(own, anchors, weights, 3.0), parameters)


@given(seed=seeds, strength=strengths)
def test_without_weights_all_are_one(seed: int, strength: float) -> None:
    parameters, anchors, _ = parts(seed)
    ones = [torch.ones_like(p) for p in parameters]
    first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    add_quadratic_gradient(first, parameters, anchors, None, strength)
    add_quadratic_gradient(second, parameters, anchors, ones, strength)
    torch.testing.assert_close(first, second)


@given(seed=seeds, l1=st.floats(0, 10), l2=st.floats(0, 10))
def test_the_elastic_nets_gradient_is_autograds(seed: int, l1: float, l2: float) -> None:
    parameters, _, _ = parts(seed)
    value = torch.stack([l1 * p.abs().sum() + 0.5 * l2 * p.square().sum() for p in parameters]).sum()
    by_autograd = torch.autograd.grad(value, parameters)
    written = [torch.zeros_like(p) for p in parameters]
    add_elastic_gradient(written, list(parameters), l1, l2)
    torch.testing.assert_close(written, list(by_autograd))


@pytest.mark.parametrize(("target", "outputs"), TARGETS)
@given(seed=seeds, temperature=st.floats(1, 20))
def test_an_equal_teacher_teaches_nothing(target: Target, outputs: int, seed: int, temperature: float) -> None:
    teacher_BK, other_BK = drawn(seed, (5, outputs), (5, outputs))
    student_BK = teacher_BK.clone().requires_grad_()
    value = distance(target, student_BK, teacher_BK, temperature)
    (gradient_BK,) = torch.autograd.grad(value, student_BK)
    assert abs(value.item()) < 1e-12
    assert gradient_BK.abs().max() < 1e-12
    assert distance(target, other_BK, teacher_BK, temperature) > 0


@pytest.mark.parametrize(("target", "outputs"), TARGETS)
def test_distillation_passes_gradcheck(target: Target, outputs: int) -> None:
    student_BK, teacher_BK = drawn(1, (5, outputs), (5, outputs))
    assert torch.autograd.gradcheck(lambda z: distance(target, z, teacher_BK, 2.0), student_BK.requires_grad_())


@given(seed=seeds)
def test_a_binary_distance_is_that_of_two_classes(seed: int) -> None:
    student_B1, teacher_B1 = drawn(seed, (6, 1), (6, 1))
    student_B2, teacher_B2 = (torch.cat((torch.zeros_like(z), z), 1) for z in (student_B1, teacher_B1))
    of_two = distance("multiclass", student_B2, teacher_B2, 3.0)
    torch.testing.assert_close(distance("binary", student_B1, teacher_B1, 3.0), of_two)
