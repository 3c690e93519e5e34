"""Windows are cut by count alone, never pooled, and survive a restart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.delays import LabelDelays
from models.evaluation.metrics import figures
from models.evaluation.prequential import Prequential

WINDOW = 50
ROWS = 230
random = np.random.default_rng(0)
Y_B = (random.random(ROWS) < 0.4).astype(np.float64)
OUTPUT_BK = np.clip(Y_B * 0.3 + random.random(ROWS), 0, 1)[:, None].astype(np.float32)


@given(st.lists(st.integers(0, ROWS), max_size=8))
def test_figures_do_not_depend_on_how_the_stream_is_cut(cuts: list[int]) -> None:
    scores = Prequential("binary", 1, WINDOW)
    closed = []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), ROWS], strict=True):
        again = Prequential("binary", 1, WINDOW)
        again.restore(scores.snapshot())
        closed += again.add(OUTPUT_BK[start:end], Y_B[start:end])
        scores = again
    expected = [figures("binary", OUTPUT_BK[i : i + WINDOW], Y_B[i : i + WINDOW]) for i in range(0, 200, WINDOW)]
    assert closed == expected == scores.recent()
    assert (scores.windows, scores.scored) == (4, ROWS)
    assert scores.mean()["roc_auc"] == pytest.approx(np.mean([e["roc_auc"] for e in expected]))
    assert scores.open_window() == figures("binary", OUTPUT_BK[200:], Y_B[200:])


def test_windows_are_not_pooled() -> None:
    """Each window ranks perfectly, at levels that would spoil a pooled ranking."""
    scores = Prequential("binary", 1, 2)
    scores.add(np.array([[0.1], [0.2], [0.8], [0.9]], np.float32), np.array([0.0, 1.0, 0.0, 1.0]))
    assert scores.mean()["roc_auc"] == 1.0


def test_a_window_of_one_class_has_no_auc_and_does_not_spoil_the_mean() -> None:
    scores = Prequential("binary", 1, 2)
    scores.add(np.array([[0.1], [0.2], [0.1], [0.2]], np.float32), np.array([0.0, 0.0, 0.0, 1.0]))
    assert scores.windows == 2
    assert scores.mean()["roc_auc"] == 1.0


@given(st.lists(st.floats(1_000, 1e10), min_size=1, max_size=50), st.floats(0.01, 0.99), st.integers(0, 50))
def test_quantiles_are_within_a_twentieth_and_merge_as_one(delays: list[float], share: float, cut: int) -> None:
    whole, left, right = LabelDelays(), LabelDelays(), LabelDelays()
    for histogram, part in ((whole, delays), (left, delays[:cut]), (right, delays[cut:])):
        histogram.labelled(np.array(part, np.float64))
        histogram.answered(2 * len(part))
    left.merge(right)
    exact = float(np.quantile(delays, share, method="inverted_cdf"))
    assert exact * 0.9999 <= whole.quantile_ms(share) <= exact * 1.0501
    assert left.quantile_ms(share) == whole.quantile_ms(share)
    assert left.coverage == 0.5
