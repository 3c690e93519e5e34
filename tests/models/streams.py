"""Small made-up streams of each kind of target, with numbers, categories and holes."""

from __future__ import annotations

import numpy as np

from models.network import NetworkShape
from models.protocol import Float32, Float64, Target

WIDTH = 4
BUCKETS = 16
CLASSES = 3
TARGETS: tuple[Target, ...] = ("binary", "multiclass", "regression")


def shape_for(target: Target) -> NetworkShape:
    outputs = CLASSES if target == "multiclass" else 1
    return NetworkShape((0, 1, 2), ((3, BUCKETS),), outputs, hidden=16, blocks=1, embedding=4, dropout=0.1)


def stream(target: Target, rows: int, seed: int) -> tuple[Float32, Float64]:
    """Labels follow the first number and the category; a tenth of all cells is missing."""
    random = np.random.default_rng(seed)
    x_BF = random.normal(size=(rows, WIDTH))
    x_BF[:, 2] *= 1e3
    x_BF[:, 3] = random.integers(0, BUCKETS, rows)
    signal_B = 2 * x_BF[:, 0] + np.where(x_BF[:, 3] % 2 == 0, 1.5, -1.5) + random.normal(size=rows) * 0.3
    x_BF[random.random(x_BF.shape) < 0.1] = np.nan
    if target == "regression":
        y_B = 500 + 100 * signal_B
    elif target == "binary":
        y_B = (signal_B > 0).astype(np.float64)
    else:
        y_B = np.digitize(signal_B, (-1.5, 1.5)).astype(np.float64)
    return x_BF.astype(np.float32), y_B
