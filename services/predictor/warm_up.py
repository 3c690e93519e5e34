"""Warming up before there is a model."""

from __future__ import annotations

from collections.abc import Callable

from models.assembly import blank_model_of
from models.snapshot import encode_model
from schemas.contracts import Contracts
from services.predictor.serving_model import Predicts, try_out


def warm_up(contracts: Contracts, load: Callable[[bytes], Predicts], largest_batch: int) -> None:
    """Load and try a model that has learned nothing, and forget it.

    What torch makes at its first use is then there when the first version comes, which is swapped in as quickly as any
    other.
    """
    pipeline = contracts.pipeline
    model = blank_model_of(pipeline.model, contracts.layout, pipeline.learner.seed)
    blob, _ = encode_model(model, contracts.layout.names)
    try_out(load(blob), contracts.layout, largest_batch)
