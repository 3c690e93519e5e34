"""The entrants of a contest against plain references, and the judge's accounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contest import Contest, ContestConfig
from models.contest_inputs import ContestInputs, faded
from models.contest_judge import Judge, losses, shares_of
from models.contest_networks import ContestNetworks
from models.contest_ridge import ContestRidge, RidgeSums
from models.network import NetworkShape
from models.protocol import Float64, Target
from tests.models.streams import shape_for, stream

outputs = pytest.mark.parametrize("outputs", [1, 3])


def drawn(outputs: int, rows: int, seed: int) -> tuple[Float64, Float64]:
    random = np.random.default_rng(seed)
    classes_B = random.integers(0, max(outputs, 2), rows)
    label_BK = classes_B[:, None].astype(np.float64) if outputs == 1 else np.eye(outputs)[classes_B]
    return random.normal(size=(rows, 5)), label_BK


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_moments_are_those_of_all_that_is_known_however_it_is_cut(sizes: list[int], seed: int) -> None:
    x_BF, _ = stream("binary", sum(sizes), seed)
    inputs = ContestInputs.empty(shape_for("binary"))
    for part in np.split(x_BF, np.cumsum(sizes)[:-1]):
        inputs.learn_numbers(part)
    column_BN = x_BF[:, :3].astype(np.float64)
    for n in range(3):
        known = column_BN[~np.isnan(column_BN[:, n]), n]
        assert inputs.count_N[n] == len(known)
        if len(known) > 1:
            assert inputs.mean_N[n] == pytest.approx(known.mean(), rel=1e-9, abs=1e-9)
            assert inputs.deviation_N[n] == pytest.approx(known.std(), rel=1e-9)


def test_numbers_are_standardised_and_what_is_missing_is_the_mean() -> None:
    inputs = ContestInputs.empty(shape_for("binary"))
    x_BF, _ = stream("binary", 500, seed=1)
    inputs.learn_numbers(x_BF)
    z_BD = inputs.prepare(x_BF, np.zeros((3, 1)))
    assert z_BD.shape == (500, inputs.width)
    assert (z_BD[np.isnan(x_BF[:, 0]), 0] == 0).all()
    known_B = ~np.isnan(x_BF[:, 0])
    assert abs(z_BD[known_B, 0].mean()) < 0.05
    assert z_BD[known_B, 0].std() == pytest.approx(1, abs=0.05)


def test_a_code_is_told_by_its_labels_and_one_unseen_by_none() -> None:
    inputs = ContestInputs.empty(shape_for("binary"))
    x_BF = np.zeros((40, 4), np.float32)
    x_BF[20:, 3] = 1
    inputs.learn_labels(x_BF, np.repeat([[0.0], [1.0]], 20, axis=0))
    asked_BF = np.zeros((4, 4), np.float32)
    asked_BF[:, 3] = 0, 1, 7, np.nan
    told_B = inputs.prepare(asked_BF, np.zeros((3, 1)))[:, 3]
    assert told_B[0] < 0 < told_B[1]
    assert told_B[0] == -told_B[1]
    assert (told_B[2:] == 0).all()


@given(st.lists(st.sampled_from((0.0, 1.0)), min_size=1, max_size=30))
def test_the_first_running_mean_is_the_last_label_and_all_stay_between_the_labels(labels: list[float]) -> None:
    mean_RK = np.zeros((3, 1))
    for label in labels:
        mean_RK = faded(mean_RK, np.array([label]))
        assert mean_RK[0, 0] == label
        assert ((mean_RK >= 0) & (mean_RK <= 1)).all()


@pytest.mark.parametrize("target", ["binary", "multiclass"])
@pytest.mark.parametrize("codes", [(), ((3, 5), (0, 2))])
def test_rows_one_by_one_are_seen_and_answered_as_in_one_stack(
    target: Target, codes: tuple[tuple[int, int], ...]
) -> None:
    x_BF, y_B = stream(target, 300, seed=7)
    x_BF[::9, 3], x_BF[1::9, 3], x_BF[2::9, 0] = np.nan, -0.5, np.inf
    numbers = tuple(place for place in range(4) if place not in dict(codes))
    learner = Contest(ContestConfig(replace(shape_for(target), numbers=numbers, categories=codes), target, 1, hidden=8))
    learner.learn_many(x_BF, y_B)
    model = learner.answering
    z_BD = model.prepare(x_BF)
    assert np.array_equal(np.stack([model.prepare(x_F) for x_F in x_BF]), z_BD)
    answer_BEK = model.answers(z_BD)
    np.testing.assert_allclose(np.stack([model.answers(z_D) for z_D in z_BD]), answer_BEK, rtol=1e-4, atol=1e-6)
    alone_BK = np.concatenate([model.predict_many(x_BF[row : row + 1]) for row in range(300)])
    np.testing.assert_allclose(alone_BK, model.mixed(answer_BEK), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("delay", [0, 3, 50])
def test_a_row_is_learned_with_the_labels_that_were_known_when_it_was_asked(delay: int) -> None:
    x_BF, y_B = stream("binary", 40, seed=8)
    learner = Contest(ContestConfig(shape_for("binary"), "binary", 1, delay, hidden=8, waves=8))
    learner.learn_many(x_BF, y_B)
    known_RK = np.zeros((3, 1))
    for label in y_B[: max(40 - delay, 0)]:
        known_RK = faded(known_RK, np.array([label]))
    tensors = learner.snapshot().tensors
    assert np.array_equal(tensors["asked_RK"], known_RK)
    assert np.array_equal(tensors["since_BK"], y_B[max(40 - delay, 0) :, None])


@outputs
def test_a_network_steps_down_the_gradient_of_its_log_loss(outputs: int) -> None:
    networks = ContestNetworks.drawn(5, outputs, 4, (0.1, 0.3), seed=1)
    networks.weight_NHK[...] = np.random.default_rng(2).normal(size=networks.weight_NHK.shape)
    z_BD, label_BK = drawn(outputs, 1, seed=3)
    names = ("weight_DJ", "bias_J", "weight_NHK", "bias_NK")
    before = [torch.tensor(getattr(networks, name), requires_grad=True) for name in names]
    z_D, label_K = torch.tensor(z_BD[0], dtype=torch.float32), torch.tensor(label_BK[0], dtype=torch.float32)
    h_NH = torch.relu(z_D @ before[0] + before[1]).reshape(2, 4)
    logit_NK = torch.einsum("nh,nhk->nk", h_NH, before[2]) + before[3]
    if outputs == 1:
        loss_N = torch.nn.functional.binary_cross_entropy_with_logits(
            logit_NK, label_K.expand(2, 1), reduction="none"
        ).sum(1)
    else:
        loss_N = -(torch.log_softmax(logit_NK, 1) * label_K).sum(1)
    (loss_N * torch.tensor([0.1, 0.3])).sum().backward()  # type: ignore[no-untyped-call]
    networks.learn(z_BD, label_BK)
    for name, was in zip(names, before, strict=True):
        assert was.grad is not None
        expected = (was - was.grad).detach().numpy()
        np.testing.assert_allclose(getattr(networks, name), expected, rtol=1e-4, atol=1e-5)


@outputs
@pytest.mark.parametrize("batch", [1, 16, 192])
def test_a_ridge_is_the_weighted_least_squares_of_all_rows_however_they_are_cut(outputs: int, batch: int) -> None:
    z_BD, label_BK = drawn(outputs, 192, seed=4)
    ridge = ContestRidge.drawn(5, outputs, 6, 2, seed=5)
    sums = RidgeSums(ridge, (0.99, 1.0))
    for start in range(0, len(z_BD), batch):
        sums.learn(z_BD[start : start + batch], label_BK[start : start + batch])
    f_BM = ridge.features(z_BD)
    for g, keep in enumerate((0.99, 1.0)):
        weight_B = keep ** np.arange(len(z_BD) - 1, -1, -1.0)
        square_MM = (f_BM * weight_B[:, None]).T @ f_BM + np.eye(f_BM.shape[1])
        expected_MK = np.linalg.solve(square_MM, (f_BM * weight_B[:, None]).T @ label_BK)
        np.testing.assert_allclose(ridge.weight_MGK[:, g], expected_MK, rtol=1e-7, atol=1e-9)


def test_a_ridge_stays_finite_where_nothing_varies_for_long() -> None:
    ridge = ContestRidge.drawn(2, 1, 4, 1, seed=1)
    sums = RidgeSums(ridge, (0.9,))
    for _ in range(300):
        sums.learn(np.zeros((64, 2)), np.ones((64, 1)))
    assert np.isfinite(ridge.weight_MGK).all()
    assert ridge.answer(np.zeros((1, 2))).item() > 0.85


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=6), st.floats(0, 2))
def test_shares_sum_to_one_and_never_favour_who_lost_more(loss: list[float], eagerness: float) -> None:
    loss_E = np.array(loss)
    share_E = shares_of(loss_E, eagerness)
    assert share_E.sum() == pytest.approx(1)
    assert (np.diff(share_E[np.argsort(loss_E)]) <= 1e-15).all()


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_losses_fade_by_rows_and_not_by_batches(sizes: list[int]) -> None:
    random = np.random.default_rng(1)
    answer_BEK, y_B = random.random((sum(sizes), 2, 1)), random.integers(0, 2, sum(sizes)).astype(np.float64)
    judge = Judge(2, 0, 0.9)
    for part in np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1]):
        judge.score(answer_BEK[part], y_B[part])
    weight_B = 0.9 ** np.arange(sum(sizes) - 1, -1, -1.0)
    np.testing.assert_allclose(judge.loss_E, weight_B @ losses(answer_BEK, y_B), rtol=1e-12)


@given(st.integers(1, 60), st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_no_row_is_judged_by_who_knew_more_than_was_known_then(delay: int, batch: int) -> None:
    # The running mean of labels says how many rows a copy has learned: here it is made to.
    model = Contest(ContestConfig(NetworkShape((0,), (), 1, 1, 1, 1, 0.0), "binary", 1)).answering
    judge, rows, judged = Judge(4, delay, 1.0), 0, 0
    while rows < 4 * delay + 4 * batch:
        model.recent_RK[...] = rows
        before = judge.loss_E.copy()
        waiting = judge.held.rows
        judge.add(model, np.zeros((batch, 1), np.float32), np.full(batch, 2.0))  # wrong whatever is said
        rows += batch
        if not np.array_equal(judge.loss_E, before):
            first = rows - batch - waiting
            frozen_at, copy = judge.copies[0]
            assert copy.recent_RK[0, 0] == frozen_at <= first - delay
            judged += batch + waiting
            assert (judge.loss_E == judged).all()
    assert judged
    assert len(judge.copies) <= 7
