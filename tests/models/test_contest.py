"""A contest is a learner like any other, and serves who is ahead under its own label delay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contest import Contest, ContestConfig
from models.contest_model import ContestModel
from models.determinism import make_deterministic
from models.evaluation.metrics import roc_auc
from models.network import NetworkShape
from models.protocol import Float32, Float64, Target
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.errors import ConfigurationError, DataError
from tests.models.streams import CLASSES, shape_for, stream

make_deterministic()
every_target = pytest.mark.parametrize("target", ["binary", "multiclass"])
every_delay = pytest.mark.parametrize("delay", [0, 40])
LONG = ContestConfig(NetworkShape((0,), (), 1, 1, 1, 1, 0.0), "binary", seed=1)


def contest(target: Target, delay: int = 0, seed: int = 1) -> Contest:
    return Contest(ContestConfig(shape_for(target), target, seed, delay, hidden=8, waves=8))


def teach(learner: Contest, x_BF: Float32, y_B: Float64, batch: int = 32) -> None:
    for start in range(0, len(y_B), batch):
        learner.learn_many(x_BF[start : start + batch], y_B[start : start + batch])


def accuracy(learner: Contest, x_BF: Float32, y_B: Float64, delay: int) -> float:
    """Share of rows answered right before their label came, each `delay` rows late."""
    right = 0
    for row in range(len(y_B)):
        right += int((learner.predict_many(x_BF[row : row + 1])[0, 0] > 0.5) == y_B[row])
        if row >= delay:
            learner.learn_many(x_BF[row - delay : row - delay + 1], y_B[row - delay : row - delay + 1])
    return right / len(y_B)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(("binary", "multiclass")),
    st.integers(0, 130),
    st.integers(1, 50),
    st.integers(0, 250),
    st.booleans(),
)
def test_one_brought_back_goes_on_bit_for_bit(target: Target, delay: int, batch: int, cut: int, asked: bool) -> None:
    x_BF, y_B = stream(target, 400, seed=cut)
    whole, first, second = (contest(target, delay) for _ in range(3))
    for learner in (whole, first):
        teach(learner, x_BF[:cut], y_B[:cut], batch)
    second.restore(decode_snapshot(encode_snapshot(first.snapshot())))
    if asked:  # to answer is not to learn
        second.predict_many(x_BF[cut : cut + batch])
    for learner in (whole, second):
        teach(learner, x_BF[cut:], y_B[cut:], batch)
    assert encode_snapshot(whole.snapshot()) == encode_snapshot(second.snapshot())
    assert np.array_equal(whole.predict_many(x_BF), second.predict_many(x_BF))


@every_target
@every_delay
def test_questions_do_not_change_what_is_learned(target: Target, delay: int) -> None:
    x_BF, y_B = stream(target, 200, seed=1)
    asked, silent = contest(target, delay), contest(target, delay)
    for start in range(0, 200, 20):
        asked.predict_many(x_BF[start : start + 20])
        asked.predict_many(x_BF[::7])
        asked.predict_many(x_BF[start : start + 20])
        for learner in (asked, silent):
            learner.learn_many(x_BF[start : start + 20], y_B[start : start + 20])
    assert encode_snapshot(asked.snapshot()) == encode_snapshot(silent.snapshot())


@every_target
@every_delay
def test_answers_are_probabilities_whatever_comes(target: Target, delay: int) -> None:
    learner = contest(target, delay)
    x_BF, y_B = stream(target, 300, seed=2)
    odd_BF = x_BF[:8].copy()
    odd_BF[0], odd_BF[1], odd_BF[2], odd_BF[3] = np.nan, np.inf, -np.inf, 3e38
    odd_BF[4, 3], odd_BF[5, 3] = 1e6, -1
    for _ in range(2):
        output_BK = learner.predict_many(odd_BF)
        assert output_BK.dtype == np.float32
        assert output_BK.shape == (8, CLASSES if target == "multiclass" else 1)
        assert ((output_BK >= 0) & (output_BK <= 1)).all()
        if target == "multiclass":
            np.testing.assert_allclose(output_BK.sum(axis=1), 1, rtol=1e-5)
        teach(learner, np.concatenate((odd_BF, x_BF)), np.concatenate((y_B[:8], y_B)))


@pytest.mark.parametrize("x_BF", [np.zeros((300, 4), np.float32), np.full((300, 4), np.nan, np.float32)])
def test_one_class_and_nothing_to_see_is_safe(x_BF: Float32) -> None:
    learner = contest("binary")
    teach(learner, x_BF, np.ones(300))
    assert (learner.predict_many(x_BF[:5]) > 0.8).all()


@every_target
def test_it_learns(target: Target) -> None:
    learner = contest(target)
    teach(learner, *stream(target, 4096, seed=0))
    x_BF, y_B = stream(target, 1000, seed=2)
    output_BK = learner.predict_many(x_BF)
    if target == "binary":
        assert roc_auc(output_BK[:, 0], y_B) > 0.85
    else:
        assert (output_BK.argmax(axis=1) == y_B).mean() > np.bincount(y_B.astype(int)).max() / len(y_B) + 0.15


def test_a_category_that_decides_is_learned() -> None:
    random = np.random.default_rng(1)
    x_BF = random.normal(size=(4000, 4)).astype(np.float32)
    x_BF[:, 3] = random.integers(0, 16, 4000)
    y_B = (x_BF[:, 3] % 2).astype(np.float64)
    learner = contest("binary")
    teach(learner, x_BF[:3000], y_B[:3000])
    assert ((learner.predict_many(x_BF[3000:])[:, 0] > 0.5) == y_B[3000:]).mean() > 0.97


@every_target
@every_delay
def test_what_is_served_is_frozen_and_answers_as_its_learner_did(target: Target, delay: int) -> None:
    learner = contest(target, delay)
    x_BF, y_B = stream(target, 400, seed=3)
    teach(learner, x_BF[:200], y_B[:200])
    snapshot, served = learner.snapshot(), learner.served()
    kept, answer_BK = encode_snapshot(snapshot), learner.predict_many(x_BF)
    again = ContestModel.from_snapshot(decode_snapshot(encode_snapshot(served.snapshot())))
    teach(learner, x_BF[200:], y_B[200:])
    assert encode_snapshot(snapshot) == kept
    assert np.array_equal(served.predict_many(x_BF), answer_BK)
    assert np.array_equal(again.predict_many(x_BF), answer_BK)
    assert not np.array_equal(learner.predict_many(x_BF), answer_BK)


def test_labels_that_repeat_help_only_where_they_come_in_time() -> None:
    random = np.random.default_rng(4)
    y_B = np.repeat(random.integers(0, 2, 60), 25).astype(np.float64)
    x_BF = random.normal(size=(len(y_B), 1)).astype(np.float32)
    assert accuracy(Contest(LONG), x_BF, y_B, 0) > 0.9
    late = Contest(replace(LONG, delay=60))
    assert accuracy(late, x_BF, y_B, 60) < 0.6


def test_who_is_ahead_serves() -> None:
    # The newer half contradicts the older: who remembers long is wrong, who takes large steps is right.
    random = np.random.default_rng(5)
    x_BF = random.normal(size=(3000, 1)).astype(np.float32)
    y_B = ((x_BF[:, 0] > 0) ^ (np.arange(3000) >= 2000)).astype(np.float64)
    learner = Contest(replace(LONG, keeps=(0.9999,), rates=(0.05,), fade=0.995))
    teach(learner, x_BF[:2500], y_B[:2500])
    shares = learner.shares
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["network 0.05"] > 0.95
    assert ((learner.predict_many(x_BF[2500:])[:, 0] > 0.5) == y_B[2500:]).mean() > 0.9


def test_seeds_and_batches_alone_decide_the_state() -> None:
    x_BF, y_B = stream("binary", 200, seed=6)
    same, again, other = contest("binary"), contest("binary"), contest("binary", seed=2)
    for learner in (same, again, other):
        teach(learner, x_BF, y_B)
    states = [encode_snapshot(learner.snapshot()) for learner in (same, again, other)]
    assert states[0] == states[1] != states[2]


def test_a_regression_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="regression"):
        contest("regression")


def test_a_snapshot_of_another_pipeline_is_refused() -> None:
    with pytest.raises(DataError, match="pipeline file has changed"):
        contest("binary").restore(contest("multiclass").snapshot())
