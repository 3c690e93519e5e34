"""A classifier that tells the window from its reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.drift.statistics.domain_classifier import domain_classifier_test, logistic_regression

RUNS = 200


@pytest.mark.parametrize("change", ["mean", "spread", "missing"])
def test_it_finds_the_column_that_changed(change: str) -> None:
    random = np.random.default_rng(0)
    reference_RF, window_WF = random.normal(size=(800, 4)), random.normal(size=(800, 4))
    if change == "mean":
        window_WF[:, 2] += 1.0
    elif change == "spread":
        window_WF[:, 2] *= 2.0
    else:
        window_WF[::3, 2] = np.nan
    found = domain_classifier_test(reference_RF, window_WF, seed=0)
    assert found.auc > 0.6
    assert found.p_value < 1e-4
    assert found.weight_F.argmax() == 2


def test_false_alarms_are_as_many_as_the_level_says() -> None:
    random = np.random.default_rng(1)
    pairs = [random.normal(size=(2, 60, 3)) for _ in range(RUNS)]
    p_R = [domain_classifier_test(one_NF, other_NF, seed).p_value for seed, (one_NF, other_NF) in enumerate(pairs)]
    assert abs(np.mean(np.array(p_R) <= 0.1) - 0.1) < 3 * np.sqrt(0.09 / RUNS)


@pytest.mark.parametrize("window", [np.empty((0, 2)), np.zeros((3, 2)), np.full((9, 2), np.nan), np.ones((50, 2))])
def test_what_cannot_be_told_apart_is_not(window: np.ndarray) -> None:
    reference = window if len(window) > 3 else np.zeros((50, 2))
    found = domain_classifier_test(reference, window, seed=0)
    assert (found.auc, found.p_value) == (0.5, 1.0)


def test_the_regression_stands_where_its_loss_has_no_slope() -> None:
    random = np.random.default_rng(2)
    x_NP = np.concatenate([np.ones((80, 1)), random.normal(size=(80, 3))], axis=1)
    y_N = (x_NP[:, 1] + random.normal(size=80) > 0).astype(np.float64)
    weight = torch.tensor(logistic_regression(x_NP, y_N), requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(x_NP) @ weight, torch.tensor(y_N), reduction="sum"
    )
    (loss + weight[1:].square().sum() / 2).backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    assert weight.grad.abs().max() < 1e-6
