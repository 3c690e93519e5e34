"""All kinds of drift that a source is watched for, window after window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.drift.sketch import LABELS, SketchPlan
from models.drift.tally import Tally
from models.drift.track import State, Step, Track, new_track
from schemas.pipeline_drift import Drift as DriftSpec
from schemas.pipeline_drift import Kind


def kinds_of(plan: SketchPlan, spec: DriftSpec) -> tuple[Kind, ...]:
    """What a source is watched for by the histograms of its columns."""
    return ("prior", "concept") if plan.source == LABELS else ("covariate", "quality")


def tracked(
    plan: SketchPlan, spec: DriftSpec, tracks: dict[str, Any], window: Tally, reference: Tally, bar: float
) -> dict[str, Step]:
    """Judge a window for each kind of drift, from what they had come to.

    Parameters
    ----------
    plan : SketchPlan
    spec : DriftSpec
    tracks : dict
        State by kind; of one that is new there is none.
    window, reference : Tally
    bar : float
        From `bar_of`.
    """
    sides = replace(window, sample=b""), replace(reference, sample=b"")
    steps: dict[str, Step] = {
        kind: Track(plan, spec, kind).step(tracks.get(kind) or new_track(), *sides, bar)
        for kind in kinds_of(plan, spec)
    }
    if plan.sample_rows and spec.joint is not None:
        state = tracks.get("joint") or new_track()
        steps["joint"] = _joint_step(plan, spec, state, steps["covariate"].state, window, reference, bar)
    return steps


def _joint_step(
    plan: SketchPlan, spec: DriftSpec, state: State, covariate: State, window: Tally, reference: Tally, bar: float
) -> Step:
    """All columns together are looked at only while no column has drifted, lest one drift be two events.

    A reference that moves along must also have left the drifted windows behind.
    """
    if covariate["active"] is not None:
        return Step((), state | {"clear_from": window.end}, None)
    if spec.against == "trailing" and reference.start < state.get("clear_from", reference.start):
        return Step((), state, None)
    return Track(plan, spec, "joint").step(state, window, reference, bar)
