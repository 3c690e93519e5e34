"""A learner does what an action says and nothing else, goes on so after a restart, and can begin with a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.ensemble_model import EnsembleModel
from models.protocol import Float32
from models.snapshot import encode_model
from models.steering import Heir, Steered
from models.time_ensemble import TimeEnsemble
from models.torch_learner import TorchLearner
from schemas.errors import DataError
from schemas.pipeline_reaction import Action
from schemas.pipeline_safeguards import Ensemble
from tests.models.safeguards.rig import learner, teach_stream
from tests.models.test_learners import torch_config, torch_learner

Made = TorchLearner | TimeEnsemble
MAKERS: dict[str, Callable[[], Made]] = {
    "network": lambda: torch_learner("binary"),
    "ensemble": lambda: TimeEnsemble(torch_config("binary"), Ensemble(members=2, every=64)),
    "constant": learner,
    "cosine": lambda: learner(optimiser={"schedule": {"kind": "cosine", "period": 200, "floor": 0.0}}),
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def action(**words: Any) -> Action:
    return Action.model_validate(words)


def state(of: Made) -> dict[str, Float32]:
    return {name.removeprefix("learner/"): np.asarray(value) for name, value in of.snapshot().tensors.items()}


@every_kind
def test_what_was_done_survives_a_restart(make: Callable[[], Made]) -> None:
    whole, again = make(), make()
    teach_stream(whole, 128, 0)  # type: ignore[arg-type]
    whole.steering.act(action(raise_rate={"times": 4, "over": 100}, warm_restart=True, reset_head=True))
    again.restore(whole.snapshot())
    for one in (whole, again):
        teach_stream(one, 256, 1)  # type: ignore[arg-type]
    assert whole.snapshot().manifest == again.snapshot().manifest
    for name, value in state(whole).items():
        np.testing.assert_array_equal(value, state(again)[name])


def test_a_raised_rate_takes_longer_steps() -> None:
    plain, fast = learner(optimiser={"kind": "sgd", "momentum": 0}), learner(optimiser={"kind": "sgd", "momentum": 0})
    before = state(plain)["network.head.weight"]
    fast.steering.act(action(raise_rate={"times": 4, "over": 16}))
    for one in (plain, fast):
        teach_stream(one, 16, 0)
    steps = [state(one)["network.head.weight"] - before for one in (plain, fast)]
    np.testing.assert_allclose(steps[1], 4 * steps[0], rtol=1e-5)


def test_a_warm_restart_begins_the_schedule_again_and_keeps_the_weights() -> None:
    one = MAKERS["cosine"]()
    teach_stream(one, 400, 0)  # type: ignore[arg-type]
    before = state(one)
    one.steering.act(action(warm_restart=True))
    for name, value in state(one).items():
        np.testing.assert_array_equal(value, 0 * value if name.startswith("optimiser.") else before[name])
    teach_stream(one, 16, 1)  # type: ignore[arg-type]
    assert any((state(one)[name] != before[name]).any() for name in before if name.startswith("network."))


@every_kind
def test_who_begins_from_a_version_answers_as_it_does(make: Callable[[], Made]) -> None:
    old, heir = make(), make()
    teach_stream(old, 192, 0)  # type: ignore[arg-type]
    parts = old.served()
    best = parts.members[int(parts.share_M.argmax())] if isinstance(parts, EnsembleModel) else parts
    assert isinstance(heir, Heir)
    assert isinstance(heir, Steered)
    heir.begin_from(parts)
    whole = heir.served()
    own = whole.members[0] if isinstance(whole, EnsembleModel) else whole
    assert encode_model(own)[1] == encode_model(best)[1]
    other = make()
    other.restore(heir.snapshot())
    assert encode_model(other.served()) == encode_model(heir.served())


def test_no_one_begins_from_a_version_of_another_shape() -> None:
    other = TorchLearner(replace(torch_config("binary", network="mlp"), averaging=0.0))
    with pytest.raises(DataError):
        torch_learner("binary").begin_from(other.served())
