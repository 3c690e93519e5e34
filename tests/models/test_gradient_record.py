"""Looking at gradients counts what is sick, costs little, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import models.gradient_record
from models.gradient_health import gradient_health
from models.gradient_record import LOOKED_AT, GradientRecord, is_looked_at
from tests.models.safeguards.rig import BATCH, learner, teach_stream


def test_counts_are_of_layers_and_of_every_look() -> None:
    names = ("first.weight", "second.weight", "third.weight", "head.weight")
    well = {"first.bias": torch.ones(2), **{name: torch.ones(2, 2) for name in names}}
    small = {**well, "first.weight": torch.full((2, 2), 1e-9), "first.bias": torch.full((2,), 1e-9)}
    broken = {**well, "head.weight": torch.full((2, 2), float("nan"))}
    record = GradientRecord()
    for gradients in (well, small, broken, small):
        record = record.after(gradient_health(gradients))
    assert (record.looks, record.vanishing, record.exploding) == (4, {"first.weight": 2}, {"head.weight": 1})
    assert record.layers == names


def test_one_step_in_so_many_is_looked_at_and_the_first() -> None:
    one = learner()
    assert (one.gradients.record.looks, one.gradients.record.layers) == (0, ())
    teach_stream(one, BATCH, 0)
    assert one.gradients.record.looks == 1
    teach_stream(one, BATCH * (LOOKED_AT - 1), 1)
    assert one.gradients.record.looks == 1
    teach_stream(one, BATCH, 2)
    assert one.gradients.record.looks == 2
    assert one.gradients.record.layers == ("layers.0.weight", "head.weight")


@pytest.mark.parametrize("network", [{"dropout": 0.2}, {"norm": "batch"}])
def test_whoever_looks_at_every_step_learns_the_same_to_the_bit(
    network: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def taught(looks: bool) -> tuple[bytes, bytes, int]:
        monkeypatch.setattr(models.gradient_record, "is_looked_at", lambda _: looks)
        one = learner({"ewc": {}}, network=dict(network))
        torch.manual_seed(0)
        teach_stream(one, 40 * BATCH, 3)
        tensors = one.snapshot().tensors
        state = b"".join(np.ascontiguousarray(tensors[name]).tobytes() for name in sorted(tensors))
        return state, torch.get_rng_state().numpy().tobytes(), one.gradients.record.looks

    *looking, looks = taught(True)
    *blind, none = taught(False)
    assert looking == blind
    assert (looks, none) == (40, 0)


def test_steps_are_counted_on_after_a_restart() -> None:
    one, other = learner(), learner()
    teach_stream(one, BATCH * (LOOKED_AT - 1), 0)
    other.restore(one.snapshot())
    assert other.gradients.record.looks == 0
    teach_stream(other, 2 * BATCH, 1)
    assert other.gradients.record.looks == 1
    assert is_looked_at(LOOKED_AT + 1)
