"""What EWC and synaptic intelligence take for important is what their papers say, on a quadratic loss known in full."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.losses import BinaryHead
from models.normaliser import Normaliser
from models.protocol import Snapshot
from models.replay import Reservoir
from models.safeguards.ewc import OnlineEwc
from models.safeguards.parent import L2ToParent
from models.safeguards.safeguard import Batch, Safeguard, Surroundings
from models.safeguards.synaptic import SynapticHold
from schemas.pipeline_safeguards import Ewc, ParentPull, SynapticIntelligence
from tests.models.safeguards.rig import accuracy, learner, teach

CURVATURE = torch.tensor([4.0, 1.0, 0.0])
BATCH = Batch(torch.zeros(5, 1), torch.zeros(5, dtype=torch.float64), 5, torch.zeros(0, 0))


def around(weight: Tensor, average: Tensor | None = None) -> Surroundings:
    published = weight.detach().clone() if average is None else average
    return Surroundings(
        nn.Module(),
        nn.Module(),
        [weight],
        [published],
        BinaryHead(),
        Normaliser(1),
        "binary",
        Reservoir(1, 1, 0),
        1,
    )


def new_weight() -> Tensor:
    return torch.tensor([1.0, 1.0, 1.0], requires_grad=True)


def descend(weight: Tensor, safeguard: Safeguard, steps: int, rate: float = 0.01) -> Tensor:
    """Gradient descent on ½ Σ curvature · weight²; returns by how much the loss fell."""
    start = 0.5 * (CURVATURE * weight.detach().square()).sum()
    for _ in range(steps):
        weight.grad = CURVATURE * weight.detach()
        safeguard.observe(BATCH)
        safeguard.add_gradient()
        with torch.no_grad():
            weight -= rate * weight.grad
        safeguard.after_step()
    return start - 0.5 * (CURVATURE * weight.detach().square()).sum()


def test_the_path_integral_is_the_fall_of_the_loss() -> None:
    """Zenke et al., equation 3, to the order of the step."""
    weight = new_weight()
    section = SynapticIntelligence(damping=1e-6)
    safeguard = SynapticHold(section, around(weight))
    fall = descend(weight, safeguard, 100, rate=0.001)
    path = torch.from_numpy(safeguard.snapshot().tensors["path.0"])
    assert path.sum().item() == pytest.approx(fall.item(), rel=0.01)
    safeguard.anchor()
    importance = torch.from_numpy(safeguard.snapshot().tensors["importance.0"])
    moved = 1 - weight.detach()
    expected = path / (moved.square() + section.damping)
    torch.testing.assert_close(importance, expected)
    assert importance[2] == 0


def test_fisher_is_the_mean_square_of_gradients_times_rows() -> None:
    weight = new_weight()
    safeguard = OnlineEwc(Ewc(decay=0.5), around(weight))
    for rising in (1.0, 3.0):
        weight.grad = rising * CURVATURE
        safeguard.observe(BATCH)
    safeguard.anchor()
    mean = 5 * (1.0 + 9.0) / 2 * CURVATURE.square()
    torch.testing.assert_close(torch.from_numpy(safeguard.snapshot().tensors["fisher.0"]), mean)
    weight.grad = CURVATURE.clone()
    safeguard.observe(BATCH)
    safeguard.anchor()
    faded = 0.5 * mean + 5 * CURVATURE.square()
    torch.testing.assert_close(torch.from_numpy(safeguard.snapshot().tensors["fisher.0"]), faded)


def test_what_mattered_long_before_the_anchor_matters_no_more() -> None:
    weight = new_weight()
    safeguard = OnlineEwc(Ewc(), around(weight))
    for size, steps in ((100.0, 20), (1.0, 1000)):
        weight.grad = size * CURVATURE
        for _ in range(steps):
            safeguard.observe(BATCH)
    safeguard.anchor()
    late = 5 * CURVATURE.square()
    torch.testing.assert_close(torch.from_numpy(safeguard.snapshot().tensors["fisher.0"]), late, rtol=1e-3, atol=0)


def test_a_sum_that_was_saved_comes_back_as_a_mean() -> None:
    """Of a learner that was saved before importances were a running mean."""
    weight = new_weight()
    saved, again = (OnlineEwc(Ewc(), around(weight)) for _ in range(2))
    weight.grad = CURVATURE.clone()
    saved.observe(BATCH)
    kept = saved.snapshot()
    old = Snapshot({**kept.tensors, "recent.0": 4 * kept.tensors["recent.0"]}, {"steps": 4, "anchors": 0})
    again.restore(old)
    assert (again.snapshot().tensors["recent.0"] == kept.tensors["recent.0"]).all()


def test_an_anchor_right_after_another_does_not_fade_what_is_held() -> None:
    weight = new_weight()
    safeguard = OnlineEwc(Ewc(decay=0.5), around(weight))
    descend(weight, safeguard, 3)
    safeguard.anchor()
    before = safeguard.snapshot().tensors["fisher.0"]
    safeguard.anchor()
    assert (safeguard.snapshot().tensors["fisher.0"] == before).all()


@pytest.mark.parametrize("kind", ["ewc", "synaptic", "parent"])
def test_at_the_anchor_nothing_pulls_and_beside_it_what_matters_is_pulled_back(kind: str) -> None:
    weight = new_weight()
    place = around(weight, average=weight)
    safeguard: Safeguard = {
        "ewc": OnlineEwc(Ewc(), place),
        "synaptic": SynapticHold(SynapticIntelligence(), place),
        "parent": L2ToParent(ParentPull(), place),
    }[kind]
    descend(weight, safeguard, 20)
    safeguard.anchor()
    weight.grad = torch.zeros(3)
    safeguard.add_gradient()
    assert torch.equal(weight.grad, torch.zeros(3))
    with torch.no_grad():
        weight += 1
    safeguard.add_gradient()
    assert weight.grad[0] > 0
    if kind == "parent":
        assert weight.grad[0] == weight.grad[2]
    else:
        assert weight.grad[0] > weight.grad[1] > weight.grad[2] == 0


def test_what_is_held_is_forgotten_less() -> None:
    """Two concepts on inputs apart: each safeguard keeps more of the first than a learner without any."""
    generator = torch.Generator().manual_seed(0)
    x_BF = torch.randn((1024, 4), generator=generator).numpy()
    x_BF[:, 3] = 1.0
    y_B = (x_BF[:, 0] > 0).astype(float)
    other_BF, flipped_B = x_BF.copy(), (x_BF[:, 0] < 0).astype(float)
    other_BF[:, 3] = 2.0
    kept = {}
    sections: dict[str, dict[str, Any]] = {
        "naive": {},
        "ewc": {"ewc": {"strength": 300.0}},
        "synaptic": {"synaptic_intelligence": {"strength": 30.0}},
        "parent": {"parent": {"strength": 1.0}},
        "distillation": {"distillation": {"strength": 10.0}},
        "a_gem": {"a_gem": {"rows": 64}},
        "logit_replay": {"logit_replay": {"strength": 1.0}},
    }
    for name, section in sections.items():
        mix = 16 if name == "logit_replay" else 0
        one = learner({**section, "anchor": "concept"}, mix=mix, size=512)
        teach(one, x_BF, y_B)
        one.on_concept(1)
        teach(one, other_BF[:512], flipped_B[:512])
        kept[name] = accuracy(one, x_BF, y_B)
    naive = kept.pop("naive")
    assert all(value > naive for value in kept.values()), (naive, kept)
