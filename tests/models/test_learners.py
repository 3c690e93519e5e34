"""The laws of a learner, over every implementation and kind of target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.determinism import make_deterministic
from models.evaluation.metrics import roc_auc
from models.protocol import Learner, ServableLearner, Target
from models.river_linear import RiverLinear
from models.river_tree import RiverTree
from models.snapshot import decode_model, encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from models.time_ensemble import TimeEnsemble
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.errors import DataError
from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_safeguards import Ensemble
from tests.models.streams import CLASSES, TARGETS, WIDTH, shape_for, stream

BATCH = 32


def torch_config(
    target: Target, seed: int = 0, kind: str = "adamw", network: str = "tabular_resnet"
) -> TorchLearnerConfig:
    make_deterministic()
    optimiser = Optimiser.model_validate({"kind": kind, "rate": 0.01})
    return TorchLearnerConfig(shape_for(target), target, WIDTH, optimiser, 0.9, 100, 32, seed, network)


def torch_learner(target: Target, seed: int = 0, kind: str = "adamw", network: str = "tabular_resnet") -> TorchLearner:
    return TorchLearner(torch_config(target, seed, kind, network))


def ensemble(target: Target) -> TimeEnsemble:
    return TimeEnsemble(torch_config(target, network="mlp"), Ensemble(members=2, every=64, eagerness=0.1))


SERVABLE: dict[str, Callable[[Target], ServableLearner]] = {
    "torch": torch_learner,
    "torch-mlp": lambda target: torch_learner(target, network="mlp"),
    "torch-sgd": lambda target: torch_learner(target, kind="sgd"),
    "ensemble": ensemble,
    "river-linear": lambda target: RiverLinear(shape_for(target), target),
}
ALL: dict[str, Callable[[Target], Learner]] = {
    **SERVABLE,
    "river-tree": lambda target: RiverTree(shape_for(target), target, 0),
}
every_target = pytest.mark.parametrize("target", TARGETS)
every_learner = pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
every_servable = pytest.mark.parametrize("make", SERVABLE.values(), ids=SERVABLE.keys())


def teach(learner: Learner, target: Target, rows: int, seed: int = 0) -> None:
    x_BF, y_B = stream(target, rows, seed)
    for start in range(0, rows, BATCH):
        learner.learn_many(x_BF[start : start + BATCH], y_B[start : start + BATCH])


@every_target
@every_learner
def test_answers_have_their_shape_and_range_before_and_after_learning(
    make: Callable[[Target], Learner], target: Target
) -> None:
    learner = make(target)
    x_BF, _ = stream(target, 50, seed=1)
    x_BF[0] = np.nan
    for _ in range(2):
        output_BK = learner.predict_many(x_BF)
        assert output_BK.dtype == np.float32
        assert output_BK.shape == (50, CLASSES if target == "multiclass" else 1)
        assert np.isfinite(output_BK).all()
        if target != "regression":
            assert ((output_BK >= 0) & (output_BK <= 1)).all()
        if target == "multiclass":
            np.testing.assert_allclose(output_BK.sum(axis=1), 1, rtol=1e-5)
        teach(learner, target, 640)


@every_target
@every_learner
def test_it_learns(make: Callable[[Target], Learner], target: Target) -> None:
    learner = make(target)
    teach(learner, target, 4096)
    x_BF, y_B = stream(target, 1000, seed=2)
    output_BK = learner.predict_many(x_BF)
    if target == "binary":
        assert roc_auc(output_BK[:, 0], y_B) > 0.8
    elif target == "multiclass":
        guess = np.bincount(y_B.astype(int)).max() / len(y_B)
        assert (output_BK.argmax(axis=1) == y_B).mean() > guess + 0.1
    else:
        assert np.abs(output_BK[:, 0] - y_B).mean() < 0.8 * np.abs(y_B.mean() - y_B).mean()


@every_target
@every_servable
def test_a_learner_brought_back_goes_on_bit_for_bit(make: Callable[[Target], ServableLearner], target: Target) -> None:
    whole, first, second = make(target), make(target), make(target)
    teach(whole, target, 320, seed=3)
    teach(first, target, 320, seed=3)
    second.restore(decode_snapshot(encode_snapshot(first.snapshot())))
    for learner in (whole, second):
        teach(learner, target, 320, seed=4)
    assert encode_snapshot(whole.snapshot()) == encode_snapshot(second.snapshot())
    assert encode_model(whole.served()) == encode_model(second.served())


@every_servable
def test_a_learner_brought_back_before_its_first_step_is_the_first(make: Callable[[Target], ServableLearner]) -> None:
    whole, again = make("binary"), make("binary")
    again.restore(whole.snapshot())
    for learner in (whole, again):
        teach(learner, "binary", 96)
    assert encode_model(whole.served()) == encode_model(again.served())


@every_servable
def test_a_snapshot_is_frozen(make: Callable[[Target], ServableLearner]) -> None:
    learner = make("binary")
    teach(learner, "binary", 64)
    before = learner.snapshot()
    kept, model = encode_snapshot(before), learner.served()
    x_BF, _ = stream("binary", 20, seed=5)
    answers_BK = model.predict_many(x_BF)
    teach(learner, "binary", 64, seed=6)
    assert encode_snapshot(before) == kept
    assert np.array_equal(model.predict_many(x_BF), answers_BK)
    assert not np.array_equal(learner.predict_many(x_BF), answers_BK)


@every_target
@every_servable
def test_a_published_model_answers_as_its_learner_does(
    make: Callable[[Target], ServableLearner], target: Target
) -> None:
    learner = make(target)
    teach(learner, target, 640)
    blob, digest = encode_model(learner.served())
    x_BF, _ = stream(target, 100, seed=7)
    again = decode_model(blob)
    assert np.array_equal(again.predict_many(x_BF), learner.predict_many(x_BF))
    assert encode_model(again) == (blob, digest)


def test_seeds_and_batches_alone_decide_the_weights() -> None:
    same = [torch_learner("binary", seed=1) for _ in range(2)]
    other = torch_learner("binary", seed=2)
    for learner in (*same, other):
        teach(learner, "binary", 320)
    digests = [encode_model(learner.served())[1] for learner in (*same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_snapshot_of_another_network_is_refused() -> None:
    with pytest.raises(DataError, match="pipeline file has changed"):
        torch_learner("binary").restore(torch_learner("multiclass").snapshot())


@pytest.mark.parametrize("blob", [b"", b"no model", encode_snapshot(torch_learner("binary").snapshot())])
def test_bytes_that_are_no_model_are_refused(blob: bytes) -> None:
    with pytest.raises(DataError):
        decode_model(blob)


def test_a_gradient_that_is_not_finite_moves_no_weight() -> None:
    learner = torch_learner("regression", kind="sgd")
    teach(learner, "regression", 2 * BATCH)
    before = {name: value for name, value in learner.snapshot().tensors.items() if "weight" in name}
    x_BF, _ = stream("regression", BATCH, seed=2)
    learner.learn_many(x_BF, np.full(BATCH, np.nan))
    after = learner.snapshot().tensors
    assert before
    assert all(np.isfinite(after[name]).all() for name in before)
