"""Expectations of the pipeline file, window after window: an event opens when one fails, and closes when all hold.

They are absolute: no reference is asked, a window is judged from the first on, and the bar that drifts must pass is not
for them. Of the windows until it closes, an event tells of the one in which most failed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from models.drift.derived import Rule
from models.drift.event import Drift, drift_of, from_json, to_json
from models.drift.evidence import Evidence
from models.drift.sketch import SketchPlan
from models.drift.tally import Tally
from models.drift.verdict import judge
from schemas.pipeline_drift import Drift as DriftSpec

_NONE_MAY_FAIL = 1e-9
"""Band of a rule that every row must keep."""


def weigh_expectations(plan: SketchPlan, spec: DriftSpec, window: Tally) -> Evidence:
    """Test each rule: is the share of rows that fail larger than it may be, and not by chance?

    The effect is the share of failing rows among those that the rule could be asked of, its band 1 − `mostly`. The
    p-value is that of an exact binomial test against the band: 0 where none may fail and one does.
    """
    places = [plan.width + d for d, one in enumerate(plan.derived) if isinstance(one, Rule)]
    rules = [one for one in plan.derived if isinstance(one, Rule)]
    asked_T = window.present_FK[places].sum(axis=1)
    failed_T = window.present_FK[places, -1]
    allowed_T = np.array([1 - rule.expectation.mostly for rule in rules], np.float64)
    p_T = stats.binom.sf(failed_T - 1, asked_T, allowed_T)
    return Evidence(
        columns=tuple(rule.places[0] if rule.places else f for f, rule in zip(places, rules, strict=True)),
        tests=tuple(rule.name for rule in rules),
        effect_T=failed_T / np.maximum(asked_T, 1),
        p_T=np.where(asked_T > 0, p_T, np.nan),
        band_T=np.maximum(allowed_T, _NONE_MAY_FAIL),
        act_T=allowed_T + spec.quality.watch,
    )


def expected(
    plan: SketchPlan, spec: DriftSpec, state: dict[str, Any] | None, window: Tally, reference: Tally
) -> tuple[tuple[Drift, ...], dict[str, Any]]:
    """Judge a window by the rules of the plan.

    Parameters
    ----------
    plan : SketchPlan
    spec : DriftSpec
        For `alpha`, and `quality.watch`: that many more failing rows than allowed ask for action.
    state : dict or None
        JSON: what the former window led to; None: there was none.
    window : Tally
    reference : Tally
        Only to be shown; may be without rows.

    Returns
    -------
    drifts : tuple of Drift
        Reports of an event that opens, gets worse, or closes.
    state : dict
    """
    evidence = weigh_expectations(plan, spec, window)
    verdict = judge(evidence, spec.model_copy(update={"share": 0.0}))
    event = from_json(state["event"]) if state and state["event"] else None
    if verdict.severity == "none":
        if event is None or not np.isfinite(evidence.p_T).any():  # nothing to ask says nothing
            return (), {"event": to_json(event) if event else None}
        closed = replace(event, state="closed", pattern="blip" if event.windows <= spec.panes + 1 else event.pattern)
        return (closed,), {"event": None}
    drift_id = event.id if event else f"{plan.source}:expectation:{window.start:.0f}"
    found = drift_of(plan, "expectation", drift_id, evidence, verdict, 1.0, window, reference)
    if event is None:
        return (found,), {"event": to_json(found)}
    now = _worse(event, found)
    told = (now.severity, now.columns, now.tests) != (event.severity, event.columns, event.tests)
    now = replace(now, state="updated", until=window.end, windows=event.windows + 1)
    return ((now,) if told else ()), {"event": to_json(now)}


def _worse(event: Drift, found: Drift) -> Drift:
    """Of two windows of an event the one in which more rules fail, or the first of them by more."""
    if (len(found.tests), found.statistic) <= (len(event.tests), event.statistic):
        return event
    severity = "act" if "act" in (event.severity, found.severity) else "watch"
    return replace(found, severity=severity, since=event.since)
