"""What a batch tells of those who gave its labels: how many each gave, how fast, and whether they contradict. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from models.freeze import Guard, Limits
from models.freeze_facts import Facts
from models.label_rates import most_frequent
from models.trusted_holdout import TrustedHoldout
from schemas.examples import Examples


def told_by_labels(
    limits: Limits, guard: Guard, holdout: TrustedHoldout | None, batch: Examples
) -> tuple[Guard, Facts]:
    """Count a batch's labels; defaults at timeout are nobody's.

    The holdout takes in the trusted ones, in place, whether learning is frozen or not.
    """
    came = batch[np.flatnonzero(batch.observed_B)]
    facts = Facts(len(batch), len(came))
    if limits.producer < 1 or math.isfinite(limits.flood):
        guard, facts = _counted(limits, guard, came, facts)
    if holdout is not None:
        held = holdout.see(came.features_BF, came.label_B, came.labeller_B)
        facts = facts.held_against(held)
    return guard, facts


def _counted(limits: Limits, guard: Guard, came: Examples, facts: Facts) -> tuple[Guard, Facts]:
    names = [name.decode(errors="backslashreplace") for name in came.labeller_B.tolist()]
    facts = replace(facts, producers=most_frequent({}, Counter(names)))
    if not math.isfinite(limits.flood):
        return guard, facts
    rates, busiest = guard.rates.after(limits.per_ms, came.label_time_B, names)
    return replace(guard, rates=rates), replace(facts, busiest=busiest)
