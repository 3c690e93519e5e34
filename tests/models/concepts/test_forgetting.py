"""What a candidate may have forgotten: never less than the sample shows, and more the fewer rows it has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.concepts.concept import Concept
from models.concepts.forgetting import excess_of
from models.concepts.sample import Sample
from models.concepts.signature import BINS
from models.gate_duel import Champion
from models.gate_loss import BoundedLoss
from models.protocol import Float32
from models.river_linear import RiverLinear
from models.snapshot import encode_model
from tests.models.concepts.streams import SHAPE

LOSS = BoundedLoss("binary")


def regime(rows: int) -> Concept:
    """Its best version answers one half to everything, so that every row costs a quarter."""
    x_MF = np.zeros((rows, 3), np.float32)
    sample = Sample.empty(rows, 3, (0, 1)).after(x_MF, np.ones(rows))
    best = Champion.read(1, encode_model(RiverLinear(SHAPE, "binary").served())[0])
    return Concept(7, 0, 0, np.zeros((1, BINS), np.int64), sample, best)


@given(rows=st.integers(2, 400), answer=st.floats(0, 1))
def test_one_who_loses_alike_on_every_row_has_lost_just_that(rows: int, answer: float) -> None:
    (excess,) = excess_of(LOSS, lambda x_BF: np.full((len(x_BF), 1), answer, np.float32), [regime(rows)]).values()
    assert excess == pytest.approx((1 - answer) ** 2 - 0.25, abs=1e-3)


@given(seed=st.integers(0, 50))
def test_fewer_rows_show_less(seed: int) -> None:
    """Right on most rows and wrong on some: the mean is the same, what it may be is not."""

    def predict(x_BF: Float32) -> Float32:
        return np.where(np.arange(len(x_BF)) % 4 == seed % 4, 0.0, 1.0).astype(np.float32)[:, None]

    few, many = (excess_of(LOSS, predict, [regime(rows)])[7] for rows in (64, 1024))
    shown = 0.25 - 0.25
    assert shown < many < few
    assert few == pytest.approx(2 * np.sqrt(3 / 16 / 64), rel=0.1)
