"""Members answer by how they have done of late; there are never more of them than was said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.assembly import servable_learner_of
from models.determinism import make_deterministic
from models.ensemble_model import EnsembleModel
from models.protocol import Float64, Heeding, Snapshot
from models.running_spread import RunningSpread
from models.time_ensemble import TimeEnsemble, shares
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.errors import DataError
from schemas.layout import Layout, RequestColumn
from schemas.pipeline_learning import Model, Replay
from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_safeguards import Ensemble, Safeguards
from tests.models.streams import WIDTH, shape_for, stream

CONFIG = TorchLearnerConfig(shape_for("binary"), "binary", WIDTH, Optimiser(rate=0.01), 0.0, 0, 0, 0, "mlp")
ROWS = 1024


def taught(learner: TimeEnsemble | TorchLearner, rows: int, seed: int, flipped: bool = False) -> None:
    x_BF, y_B = stream("binary", rows, seed)
    for start in range(0, rows, 16):
        learner.learn_many(x_BF[start : start + 16], abs(y_B - flipped)[start : start + 16])


def accuracy(learner: TimeEnsemble | TorchLearner) -> float:
    x_BF, y_B = stream("binary", 1000, 99)
    return float(np.mean((learner.predict_many(x_BF)[:, 0] > 0.5) == y_B))


losses = arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1e4))


@given(loss_M=losses, eagerness=st.floats(0.01, 100))
def test_shares_sum_to_one_and_fall_with_loss(loss_M: Float64, eagerness: float) -> None:
    share_M = shares(loss_M, eagerness)
    assert share_M.sum() == pytest.approx(1)
    in_order = share_M[np.argsort(loss_M, kind="stable")]
    assert (np.diff(in_order) <= 1e-12).all()


@given(parts=st.lists(arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e6, 1e6)), max_size=6))
def test_the_spread_is_that_of_all_values_however_they_come(parts: list[Float64]) -> None:
    one, whole = RunningSpread(), np.concatenate([np.zeros(0), *parts])
    for part in parts:
        one.learn(part)
    varied = len(whole) > 0 and whole.std() > 1e-3
    assert one.spread == pytest.approx(4 * whole.std(), rel=1e-6) if varied else one.spread >= 0


def test_a_concept_that_returns_is_answered_by_who_knew_it() -> None:
    """A, B, A: soon after the return the ensemble is better than the same learner alone."""
    make_deterministic()
    together = TimeEnsemble(CONFIG, Ensemble(members=3, every=ROWS, fade=0.95, eagerness=2.0))
    alone = TorchLearner(CONFIG)
    for learner in (together, alone):
        taught(learner, ROWS, 0)
        taught(learner, ROWS, 1, flipped=True)
        taught(learner, 64, 2)
    assert accuracy(together) > accuracy(alone) + 0.1


def test_there_are_no_more_copies_than_was_said() -> None:
    make_deterministic()
    one = TimeEnsemble(CONFIG, Ensemble(members=2, every=32))
    taught(one, 320, 0)
    assert len(one.snapshot().manifest["copies"]) == 2
    assert len(one.served().members) <= 3


def test_labels_that_are_no_numbers_weigh_nothing() -> None:
    make_deterministic()
    one = TimeEnsemble(CONFIG, Ensemble(members=2, every=32))
    taught(one, 96, 0)
    x_BF, y_B = stream("binary", 4, 1)
    y_B[:] = np.nan
    before = one.snapshot().tensors["loss"]
    one.learn_many(x_BF, y_B)
    assert np.array_equal(one.snapshot().tensors["loss"], before)
    assert np.isfinite(one.predict_many(x_BF)).all()


def test_the_pipeline_file_asks_for_one() -> None:
    layout = Layout((RequestColumn("a", 0, 0, 1, False),), (), "binary", 1)
    asked = Safeguards(ensemble=Ensemble(), ewc=None)
    made = servable_learner_of(Model(), Replay(), layout, 0, asked)
    assert isinstance(made, TimeEnsemble)
    assert isinstance(made, Heeding)


@pytest.mark.parametrize("wrong", [{"of": "linear"}, {"members": []}, {"members": [{}] * 65}])
def test_what_is_no_ensemble_is_refused(wrong: dict[str, object]) -> None:
    make_deterministic()
    good = TimeEnsemble(CONFIG, Ensemble()).served().snapshot()
    with pytest.raises(DataError, match="none that is published"):
        EnsembleModel.from_snapshot(Snapshot(good.tensors, good.manifest | wrong))
