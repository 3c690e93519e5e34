"""Where models compute."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from schemas.errors import ConfigurationError
from services.predictor.device import InSlices, choose_device
from tests.services.predictor.world import contracts, model


@pytest.mark.parametrize("rows", [0, 1, 4, 5, 23])
def test_slices_answer_as_the_whole_does(rows: int) -> None:
    layout = contracts("multiclass").layout
    x_BF = np.random.default_rng(0).uniform(0, 4, (rows, layout.width)).astype(np.float32)
    whole = model(layout)
    np.testing.assert_allclose(InSlices(whole, 5).predict_many(x_BF), whole.predict_many(x_BF), atol=1e-6)


def test_auto_is_cuda_where_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("wanted", ["cuda:99", "abacus", ""])
def test_an_unknown_device_is_named_with_the_cure(wanted: str) -> None:
    with pytest.raises(ConfigurationError, match="ANABRANCH_DEVICE"):
        choose_device(wanted)
