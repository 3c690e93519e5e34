"""What a candidate is judged by, and what comes of it: values, recorded whether it is admitted or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.gate_duel import Record

WeightsByName = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a candidate is judged by.

    Attributes
    ----------
    weights : Mapping of str to ndarray
        All that the candidate's answers depend on.
    losses : Mapping of str to float
        Named losses on fresh examples, each scored before it was learned. NaN: not one example yet.
    scored : int
        How many examples the losses are over.
    duel : Record or None
        Against the champion; None while there is none, or nobody asks.
    excess : Mapping of int to float
        By how much more than the best version it may lose on each banked concept it is held to.
    """

    weights: WeightsByName
    losses: Mapping[str, float]
    scored: int
    duel: Record | None = None
    excess: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says: `reasons` are empty if the candidate is admitted."""

    policy: str
    admitted: bool
    reasons: tuple[str, ...]
    scores: Mapping[str, float]

    def as_json(self) -> str:
        """Text for the record of the version; what is not finite becomes null, which JSON knows."""
        scores = {name: value if np.isfinite(value) else None for name, value in self.scores.items()}
        return json.dumps({**asdict(self), "scores": scores}, sort_keys=True, allow_nan=False)
