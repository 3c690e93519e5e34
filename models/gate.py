"""The gate: which candidate may be published. Its decision is a value, recorded whether it admits or refuses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import assert_never

import numpy as np

from models.concepts.concept import Concept
from models.gate_duel import Record
from models.gate_evidence import Decision, Evidence, WeightsByName
from schemas.pipeline_gate import BetterGate, FiniteGate, Gate


def judge(gate: Gate, evidence: Evidence) -> Decision:
    """Judge a candidate by the policy that the pipeline file names.

    Examples
    --------
    >>> weights = {"bias": np.array([0.5, np.nan])}
    >>> judge(FiniteGate(), Evidence(weights, {"log_loss": 0.7}, 64)).reasons
    ('bias: 1 of 2 weights are not finite',)
    """
    match gate:
        case FiniteGate():
            return judge_finite(evidence)
        case BetterGate():
            return judge_better(gate, evidence)
        case _:
            assert_never(gate)


def judge_finite(evidence: Evidence) -> Decision:
    """Refuse what has gone to NaN or infinity, in its weights or in its losses."""
    reasons = _not_finite(evidence)
    return Decision("finite", not reasons, tuple(reasons), dict(evidence.losses))


def judge_better(gate: BetterGate, evidence: Evidence) -> Decision:
    """Refuse what is not finite, is not shown to be better than the champion on fresh examples, or has forgotten.

    Without a champion, whatever is finite is admitted.

    Examples
    --------
    >>> gate, record = BetterGate(policy="better", alpha=0.05), Record()
    >>> judge_better(gate, Evidence({}, {}, 64, record.after(np.full(64, 0.5)))).admitted
    True
    >>> judge_better(gate, Evidence({}, {}, 64, record.after(np.full(64, 0.001)))).reasons
    ('not shown to be better: e-value 1.01 of the 20 needed, mean gain 0.001 (-0.197 … 0.199) over 64 examples',)
    """
    reasons = _not_finite(evidence)
    scores = dict(evidence.losses)
    if evidence.duel is not None:
        reasons += _not_better(gate, evidence.duel)
        scores |= _figures(gate, evidence.duel)
    reasons += _forgotten(gate, evidence.excess)
    scores |= _excess_figures(evidence.excess)
    return Decision("better", not reasons, tuple(reasons), scores)


def judge_recall(gate: BetterGate, concept: Concept, excess: Mapping[int, float]) -> Decision:
    """Judge the version of a banked concept that lost less than the champion on fresh labels.

    Parameters
    ----------
    concept : Concept
        Whose best version has won its trial.
    excess : Mapping of int to float
        By how much more it may lose than the best version of each other concept that is not contradicted.
    """
    assert concept.best is not None, "a regime is banked with a version"
    figures = {"concept": concept.number, "recalled": concept.best.number, "log_sum": concept.trial.log_sum}
    reasons = tuple(_forgotten(gate, excess))
    return Decision("recall", not reasons, reasons, figures | _excess_figures(excess))


def follows_after(gate: Gate, record: Record | None) -> int:
    """For how many examples what a learner becomes needs no other proof, once it was admitted by this record.

    The chance of at most `alpha` is that of the proof: without it nothing follows, so that it holds for all that do.

    Examples
    --------
    >>> gate, better = BetterGate(policy="better", follow=512), Record().after(np.full(64, 0.5))
    >>> follows_after(gate, better), follows_after(gate, Record(follows=100)), follows_after(gate, None)
    (512, 100, 0)
    """
    if not isinstance(gate, BetterGate) or record is None:
        return 0
    return gate.follow if record.wealth.exceeds(gate.alpha) else record.follows


def _forgotten(gate: BetterGate, excess: Mapping[int, float]) -> list[str]:
    over = {number: lost for number, lost in excess.items() if lost > gate.epsilon}
    return [
        f"has forgotten concept {number}: may lose {lost:.3g} more than the best version there, above {gate.epsilon:g}"
        for number, lost in over.items()
    ]


def _excess_figures(excess: Mapping[int, float]) -> dict[str, float]:
    return {f"concept_{number}_excess": lost for number, lost in excess.items()}


def _not_better(gate: BetterGate, record: Record) -> list[str]:
    reasons = []
    if not (record.wealth.exceeds(gate.alpha) or record.carries_on):
        low, high = record.whole.interval(gate.alpha)
        reasons.append(
            f"not shown to be better: e-value {math.exp(record.wealth.log_e):.3g} of the {1 / gate.alpha:.3g} needed, "
            f"mean gain {record.whole.mean:.3g} ({low:.3f} … {high:.3f}) over {record.whole.count} examples"
        )
    if record.lately.count and record.lately.mean < -gate.epsilon:
        lately = f"mean gain {record.lately.mean:.3g} over the last {record.lately.count} examples"
        reasons.append(f"worse of late: {lately}, below −{gate.epsilon:g}")
    return reasons


def _figures(gate: BetterGate, record: Record) -> dict[str, float]:
    low, high = record.whole.interval(gate.alpha)
    return {
        "log_e": record.wealth.log_e,
        "log_e_needed": -math.log(gate.alpha),
        "gain": record.whole.mean,
        "gain_low": low,
        "gain_high": high,
        "gain_lately": record.lately.mean,
        "duel_examples": float(record.whole.count),
        **({"follows": float(record.follows)} if gate.follow else {}),
    }


def _not_finite(evidence: Evidence) -> list[str]:
    reasons = [f"{name}: {bad} of {size} weights are not finite" for name, bad, size in _broken(evidence.weights)]
    if evidence.scored:
        reasons += [f"{name} is {loss}" for name, loss in evidence.losses.items() if not np.isfinite(loss)]
    return reasons


def _broken(weights: WeightsByName) -> list[tuple[str, int, int]]:
    floats = {name: w for name, w in weights.items() if np.issubdtype(w.dtype, np.floating)}
    counts = [(name, int(np.count_nonzero(~np.isfinite(w))), w.size) for name, w in floats.items()]
    return [found for found in counts if found[1]]
