"""The gate refuses what has gone to NaN or infinity, and says why in words that JSON can carry."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.gate import Evidence, judge
from schemas.pipeline_learning import Gate

GATE = Gate(policy="finite")


@given(weights=arrays(np.float32, st.integers(0, 6)), loss=st.floats(), scored=st.integers(0, 3))
def test_admitted_if_and_only_if_all_is_finite(weights: np.ndarray, loss: float, scored: int) -> None:
    decision = judge(GATE, Evidence({"w": weights, "codes": np.arange(3)}, {"log_loss": loss}, scored))
    sound = bool(np.isfinite(weights).all()) and (scored == 0 or math.isfinite(loss))
    assert decision.admitted == sound
    assert bool(decision.reasons) != sound
    read = json.loads(decision.as_json(), parse_constant=lambda name: f"JSON knows no {name}")
    assert read["scores"]["log_loss"] == (loss if math.isfinite(loss) else None)
    assert read["admitted"] == sound
