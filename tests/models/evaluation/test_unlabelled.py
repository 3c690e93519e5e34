"""The bounds hold whatever the missing labels turn out to be, and are as tight as that allows."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.metrics import figures
from models.evaluation.unlabelled import FIGURES, HIGHER_IS_BETTER, PartlyLabelled
from models.protocol import Float32, Float64, Target

BOUNDS = {"binary": (-math.inf, math.inf), "multiclass": (-math.inf, math.inf), "regression": (-2.0, 3.0)}
TARGETS: tuple[Target, ...] = ("binary", "multiclass", "regression")


def answers_of(target: Target, rows: int, seed: int) -> tuple[Float32, list[float]]:
    """Answers, and every label there can be (of a regression: the ends of its range, and some between)."""
    random = np.random.default_rng(seed)
    if target == "regression":
        return random.uniform(-2.5, 3.5, (rows, 1)).astype(np.float32), [-2.0, 0.7, 3.0]
    if target == "binary":
        return random.random((rows, 1)).astype(np.float32), [0.0, 1.0]
    share_BK = random.random((rows, 3))
    return (share_BK / share_BK.sum(1, keepdims=True)).astype(np.float32), [0.0, 1.0, 2.0]


def seen(target: Target, output_BK: Float32, y_B: Float64) -> PartlyLabelled:
    """All answers, of which the first have labels."""
    partly = PartlyLabelled(target, BOUNDS[target])
    partly.answered(output_BK)
    partly.labelled(output_BK[: len(y_B)], y_B)
    return partly


@pytest.mark.parametrize("target", TARGETS)
@given(rows=st.integers(1, 5), labels=st.integers(0, 5), seed=st.integers(0, 999))
def test_every_completion_lies_within_the_bounds_and_some_touch_them(
    target: Target, rows: int, labels: int, seed: int
) -> None:
    output_BK, possible = answers_of(target, rows, seed)
    labels = min(labels, rows)
    known = [possible[(seed + i) % len(possible)] for i in range(labels)]
    scores = seen(target, output_BK, np.array(known)).scores()
    whole = [
        figures(target, output_BK, np.array([*known, *rest]))
        for rest in itertools.product(possible, repeat=rows - labels)
    ]
    for name in FIGURES[target]:
        values, score = [one[name] for one in whole], scores[name]
        low, high = sorted((score.worst, score.best))
        assert low - 1e-9 <= min(values)
        assert max(values) <= high + 1e-9
        assert (score.best >= score.worst) == (name in HIGHER_IS_BETTER or score.best == score.worst)
        assert high == pytest.approx(max(values), abs=1e-6)
        if target != "regression":  # there an answer may be right, which is not among the labels tried
            assert low == pytest.approx(min(values), abs=1e-6)


@pytest.mark.parametrize("target", TARGETS)
@given(rows=st.integers(1, 60), seed=st.integers(0, 999))
def test_with_all_labels_there_is_nothing_to_bound(target: Target, rows: int, seed: int) -> None:
    output_BK, possible = answers_of(target, rows, seed)
    y_B = np.random.default_rng(seed).choice(possible, rows)
    partly = seen(target, output_BK, y_B)
    assert partly.coverage == 1
    for name, score in partly.scores().items():
        assert [*score.as_dict().values()] == pytest.approx([figures(target, output_BK, y_B)[name]] * 4)


@given(cuts=st.lists(st.integers(0, 40), max_size=4).map(sorted), seed=st.integers(0, 99), labels=st.integers(0, 40))
def test_neither_order_nor_parts_change_it(cuts: list[int], seed: int, labels: int) -> None:
    output_BK, _ = answers_of("binary", 40, seed)
    y_B = np.random.default_rng(seed).integers(0, 2, labels).astype(np.float64)
    parts = PartlyLabelled("binary")
    for start, end in zip([0, *cuts], [*cuts, 40], strict=True):
        one = PartlyLabelled("binary")
        one.labelled(output_BK[start:end][: max(0, labels - start)], y_B[start:end])
        one.answered(output_BK[start:end][::-1])
        parts.merge(one)
    whole = seen("binary", output_BK, y_B)
    assert parts.coverage == whole.coverage
    for name, score in whole.scores().items():
        assert [*parts.scores()[name].as_dict().values()] == pytest.approx([*score.as_dict().values()], nan_ok=True)


def test_missing_at_random_among_answers_alike_is_told_from_missing_at_random() -> None:
    """Sure answers are right and labelled, unsure ones are wrong half the time and seldom labelled."""
    random = np.random.default_rng(0)
    sure_B = random.random(20_000) < 0.5
    output_BK = np.where(sure_B, 0.95, 0.55)[:, None].astype(np.float32)
    y_B = np.where(sure_B, 1.0, random.random(20_000) < 0.5)
    labelled_B = random.random(20_000) < np.where(sure_B, 0.9, 0.1)
    partly = PartlyLabelled("binary")
    partly.answered(output_BK)
    partly.labelled(output_BK[labelled_B], y_B[labelled_B])
    score, true = partly.scores()["accuracy"], figures("binary", output_BK, y_B)["accuracy"]
    assert abs(score.at_random - true) < 0.02
    assert score.labelled - true > 0.15
    assert score.worst < true < score.best


def test_nothing_known_is_said_so() -> None:
    assert PartlyLabelled("binary").scores() == {}
    score = seen("binary", np.array([[0.5]], np.float32), np.empty(0)).scores()["accuracy"]
    assert (score.worst, score.best) == (0, 1)
    assert math.isnan(score.labelled)
    assert math.isnan(score.at_random)
    unbounded = PartlyLabelled("regression")
    unbounded.answered(np.array([[1.0], [2.0]], np.float32))
    unbounded.labelled(np.array([[1.0]], np.float32), np.array([4.0]))
    assert unbounded.scores()["mae"].as_dict() == {"labelled": 3, "worst": math.inf, "best": 1.5, "at_random": 3}


def test_labels_whose_answers_were_not_seen_never_make_more_than_all() -> None:
    partly = PartlyLabelled("binary")
    partly.labelled(np.array([[0.9], [np.nan]], np.float32), np.array([1.0, 1.0]))
    assert partly.coverage == 1
    assert [*partly.scores()["accuracy"].as_dict().values()] == [1, 1, 1, 1]
