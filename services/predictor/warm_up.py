"""Warming up before there is a model."""

from __future__ import annotations

from collections.abc import Callable

from models.assembly import servable_learner_of
from models.snapshot import encode_model
from schemas.contracts import Contracts
from services.predictor.serving_model import Predicts, try_out


def warm_up(contracts: Contracts, load: Callable[[bytes], Predicts]) -> None:
    """Load and try a model that has learned nothing, and forget it.

    What torch makes at its first use (some 1.3 s on a busy machine) is then there when the first version comes, which
    is swapped in as quickly as any other.
    """
    pipeline = contracts.pipeline
    learner = servable_learner_of(pipeline.model, pipeline.learner.replay, contracts.layout, pipeline.learner.seed)
    blob, _ = encode_model(learner.served(), contracts.layout.names)
    try_out(load(blob), contracts.layout, pipeline.serving.max_batch)
