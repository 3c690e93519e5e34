"""Figures against their definitions."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.metrics import figure_names, figures, roc_auc
from tests.models.streams import TARGETS

pairs = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0]), st.booleans()), min_size=1, max_size=30)


@given(pairs)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[float, bool]]) -> None:
    won = [(p > n) + (p == n) / 2 for p, y in rows if y for n, z in rows if not z]
    found = roc_auc(np.array([s for s, _ in rows]), np.array([float(y) for _, y in rows]))
    assert math.isnan(found) if not won else math.isclose(found, sum(won) / len(won))


def test_names_are_those_of_the_figures() -> None:
    for target in TARGETS:
        output_BK = np.full((4, 3 if target == "multiclass" else 1), 0.3, np.float32)
        assert tuple(figures(target, output_BK, np.array([0.0, 1.0, 1.0, 0.0]))) == figure_names(target)


def test_a_certain_and_wrong_answer_costs_much_but_not_infinitely() -> None:
    found = figures("binary", np.array([[1.0], [0.0]], np.float32), np.array([0.0, 1.0]))
    assert 15 < found["log_loss"] < 17
    assert found["accuracy"] == 0
