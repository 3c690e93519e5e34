"""The gate: which candidate may be published. Its decision is a value, recorded whether it admits or refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from schemas.pipeline_learning import Gate

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
    """

    weights: WeightsByName
    losses: Mapping[str, float]
    scored: int


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


def judge(gate: Gate, evidence: Evidence) -> Decision:
    """Judge a candidate by the policy that the pipeline file names.

    Examples
    --------
    >>> weights = {"bias": np.array([0.5, np.nan])}
    >>> judge(Gate(policy="finite"), Evidence(weights, {"log_loss": 0.7}, 64)).reasons
    ('bias: 1 of 2 weights are not finite',)
    """
    match gate.policy:
        case "finite":
            return judge_finite(evidence)
        case policy:
            assert_never(policy)


def judge_finite(evidence: Evidence) -> Decision:
    """Refuse what has gone to NaN or infinity, in its weights or in its losses."""
    reasons = [f"{name}: {bad} of {size} weights are not finite" for name, bad, size in _broken(evidence.weights)]
    if evidence.scored:
        reasons += [f"{name} is {loss}" for name, loss in evidence.losses.items() if not np.isfinite(loss)]
    return Decision("finite", not reasons, tuple(reasons), dict(evidence.losses))


def _broken(weights: WeightsByName) -> list[tuple[str, int, int]]:
    floats = {name: w for name, w in weights.items() if np.issubdtype(w.dtype, np.floating)}
    counts = [(name, int(np.count_nonzero(~np.isfinite(w))), w.size) for name, w in floats.items()]
    return [found for found in counts if found[1]]
