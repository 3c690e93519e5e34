"""Losses are between 0 and 1 whatever the answer, 0 for the label itself, and a proper score for shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.gate_loss import BoundedLoss
from models.protocol import Float32, Target

TARGETS: tuple[Target, ...] = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("target", TARGETS)
@given(output_BK=arrays(np.float32, (5, 3)), y=st.integers(0, 2))
def test_whatever_the_answer_the_loss_is_bounded(target: Target, output_BK: Float32, y: int) -> None:
    loss_B = BoundedLoss(target, span=2.0)(output_BK, np.full(5, float(y)))
    assert loss_B.shape == (5,)
    assert ((loss_B >= 0) & (loss_B <= 1)).all()


@given(share=st.floats(0, 1), truth=st.floats(0.01, 0.99))
def test_the_true_share_loses_least_on_average(share: float, truth: float) -> None:
    loss = BoundedLoss("binary")

    def expected(answer: float) -> float:
        zero, one = loss(np.full((2, 1), answer, np.float32), np.array([0.0, 1.0]))
        return float((1 - truth) * zero + truth * one)

    assert expected(truth) <= expected(share) + 1e-6


def test_the_label_itself_loses_nothing() -> None:
    y_B = np.array([0.0, 1.0, 2.0])
    assert not BoundedLoss("multiclass")(np.eye(3, dtype=np.float32), y_B).any()
    assert not BoundedLoss("regression", 5.0)(y_B[:, None].astype(np.float32), y_B).any()
