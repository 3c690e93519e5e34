"""SAM climbs as far as its radius, in the direction of the gradient, and comes back to the bit."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.sharpness import climb, descend


@given(seed=st.integers(0, 1000), radius=st.floats(1e-3, 1), scale=st.sampled_from([1e-4, 1.0, 1e4]))
def test_it_climbs_its_radius_and_comes_back(seed: int, radius: float, scale: float) -> None:
    source = torch.Generator().manual_seed(seed)
    weights = [torch.randn(shape, generator=source).requires_grad_() for shape in ((3, 2), (4,))]
    before = [w.detach().clone() for w in weights]
    for weight in weights:
        weight.grad = torch.randn(weight.shape, generator=source) * scale
    held = climb(list(weights), radius)
    shift = torch.cat([(w.detach() - b).flatten() for w, b in zip(weights, before, strict=True)])
    uphill = torch.cat([w.grad.flatten() for w in weights if w.grad is not None])
    torch.testing.assert_close(shift.norm().item(), radius, rtol=1e-3, atol=1e-6)
    assert shift @ uphill > 0.999 * shift.norm() * uphill.norm()
    descend(list(weights), held)
    assert all(torch.equal(w.detach(), b) for w, b in zip(weights, before, strict=True))


def test_without_a_gradient_it_stays() -> None:
    weight = torch.ones(2, requires_grad=True)
    climb([weight], 0.5)
    assert torch.equal(weight.detach(), torch.ones(2))
