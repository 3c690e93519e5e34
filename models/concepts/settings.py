"""What a concept bank is made for."""

from __future__ import annotations

from dataclasses import dataclass

from models.gate_loss import BoundedLoss
from schemas.pipeline_gate import Concepts


@dataclass(frozen=True, slots=True)
class BankSettings:
    """What a bank is made for.

    Attributes
    ----------
    rules : Concepts
        Section of the pipeline file.
    loss : BoundedLoss
    buckets, ranges : tuple
        Of the vector's columns that the model uses, as `schemas.layout.Layout` has them.
    columns : tuple of int
        Their places in the vector.
    width : int
        F, of the whole vector.
    seed : int
        Of the samples.
    """

    rules: Concepts
    loss: BoundedLoss
    buckets: tuple[int, ...]
    ranges: tuple[tuple[float, float], ...]
    columns: tuple[int, ...]
    width: int
    seed: int
