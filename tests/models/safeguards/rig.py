"""Learners with safeguards, small enough to be made by the dozen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.determinism import make_deterministic
from models.protocol import Float32, Float64, Target
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_safeguards import Safeguards
from tests.models.streams import WIDTH, shape_for, stream

BATCH = 16


def learner(
    safeguards: dict[str, Any] | None = None,
    target: Target = "binary",
    optimiser: dict[str, Any] | None = None,
    replay: str = "reservoir",
    mix: int = 16,
    size: int = 64,
    averaging: float = 0.5,
    network: dict[str, Any] | None = None,
    kind: str = "mlp",
) -> TorchLearner:
    make_deterministic()
    config = TorchLearnerConfig(
        shape=replace(shape_for(target), **(network or {})),
        target=target,
        width=WIDTH,
        optimiser=Optimiser.model_validate({"rate": 0.01, **(optimiser or {})}),
        averaging=averaging,
        replay_size=size,
        replay_mix=mix,
        seed=0,
        kind=kind,
        replay_kind=replay,
        safeguards=Safeguards.model_validate({"anchor": 64, **(safeguards or {})}),
    )
    return TorchLearner(config)


def teach(to: TorchLearner, x_BF: Float32, y_B: Float64) -> None:
    for start in range(0, len(y_B), BATCH):
        to.learn_many(x_BF[start : start + BATCH], y_B[start : start + BATCH])


def teach_stream(to: TorchLearner, rows: int, seed: int, target: Target = "binary") -> None:
    teach(to, *stream(target, rows, seed))


def weights(of: TorchLearner) -> dict[str, Float32]:
    """The weights that learn, by name."""
    return {
        name: value for name, value in of.snapshot().tensors.items() if name.startswith("network.") and "_N" not in name
    }


def accuracy(of: TorchLearner, x_BF: Float32, y_B: Float64) -> float:
    return float(np.mean((of.predict_many(x_BF)[:, 0] > 0.5) == y_B))
