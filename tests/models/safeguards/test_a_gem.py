"""A-GEM: after it no gradient points against the reference, and one that did not is as it was."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.protocol import Snapshot
from models.safeguards.a_gem import project
from schemas.pipeline_safeguards import AGem
from tests.models.safeguards.rig import BATCH, learner, teach_stream

SHAPES = ((4, 3), (5,), (1,))


def drawn(seed: int, scale: float) -> list[Tensor]:
    source = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=source) * scale for shape in SHAPES]


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([t.flatten() for t in tensors]).double()


scales = st.sampled_from([1e-6, 1e-3, 1.0, 1e3])


@given(seed=st.integers(0, 10_000), own=scales, other=scales)
def test_the_dot_product_with_the_reference_is_never_negative(seed: int, own: float, other: float) -> None:
    gradient, reference = drawn(seed, own), drawn(seed + 1, other)
    before, against = flat(gradient), flat(reference)
    project(gradient, reference)
    after = flat(gradient)
    rounding = 1e-6 * before.norm() * against.norm()
    assert after @ against >= -rounding
    if before @ against >= 0:
        assert torch.equal(after, before)
    else:
        assert after.norm() <= before.norm() * (1 + 1e-6), "a projection shortens"
        moved = after - before
        assert abs(moved @ against) >= (1 - 1e-4) * moved.norm() * against.norm(), "only along the reference"


@given(seed=st.integers(0, 1000), bad=st.sampled_from([0.0, float("nan"), float("inf")]))
def test_a_reference_that_says_nothing_changes_nothing(seed: int, bad: float) -> None:
    gradient = drawn(seed, 1.0)
    before = flat(gradient)
    project(gradient, [torch.full(shape, bad) for shape in SHAPES])
    assert torch.equal(flat(gradient), before)


@given(every=st.integers(1, 5), steps=st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_a_reference_serves_as_many_steps_as_it_should(every: int, steps: int) -> None:
    one = learner({"a_gem": {"rows": 8, "every": every}}, mix=0)
    references = []
    for step in range(steps):
        teach_stream(one, BATCH, step)
        references.append(one.snapshot().tensors["safeguards.a_gem.reference.0"])
    # The memory is empty while the first step is made, so that its reference is zero.
    changed = [step for step in range(1, steps) if (references[step] != references[step - 1]).any()]
    assert changed == list(range(every, steps, every))


def test_whoever_was_saved_before_a_reference_served_several_steps_goes_on_with_one_of_its_own() -> None:
    assert AGem(rows=8).model_dump() == {"rows": 8}, "as a checkpoint's fingerprint knew it"
    one, again = (learner({"a_gem": {"rows": 8}}) for _ in range(2))
    teach_stream(one, 4 * BATCH, 0)
    kept = one.snapshot()
    manifest = {**kept.manifest, "safeguards": {**kept.manifest["safeguards"], "a_gem": {}}}
    tensors = {name: tensor for name, tensor in kept.tensors.items() if "a_gem" not in name}
    assert len(tensors) < len(kept.tensors)
    again.restore(Snapshot(tensors, manifest))
    teach_stream(again, BATCH, 1)
    assert again.snapshot().tensors["safeguards.a_gem.reference.0"].any()
