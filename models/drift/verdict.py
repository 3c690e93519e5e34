"""From the evidence of all columns to one verdict: has the window drifted, how badly, and where most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.drift.evidence import Evidence, Float64
from models.drift.statistics.calibration import conformal_threshold
from models.drift.statistics.corrections import holm
from schemas.pipeline_drift import Drift as DriftSpec

Severity = Literal["none", "watch", "act"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence amounts to.

    `score` is the largest effect that chance does not explain, in units of its band: what bars and patterns are about.
    `strongest` names the tests that passed, strongest first, none if the window has not drifted; `p_T` are p-values
    corrected over the tests.
    """

    severity: Severity
    score: float
    strongest: tuple[int, ...]
    p_T: Float64


def judge(evidence: Evidence, spec: DriftSpec, bar: float = 1.0) -> Verdict:
    """Decide.

    Parameters
    ----------
    evidence : Evidence
    spec : DriftSpec
        For `alpha` and `share`.
    bar : float
        How many bands an effect must be above. At least 1; infinity: never.

    Examples
    --------
    >>> two = np.array([0.1, 0.1])
    >>> found = Evidence((0, 1), ("psi", "psi"), np.array([0.3, 0.05]), np.array([1e-9, 0.5]), two, 2.5 * two)
    >>> judge(found, DriftSpec()).severity, judge(found, DriftSpec(), bar=4).severity
    ('act', 'none')
    """
    p_T = holm(evidence.p_T)
    effect_T = np.where(p_T <= spec.alpha, evidence.effect_T, 0.0)  # NaN, a test not made, is not
    score_T = effect_T / evidence.band_T
    score = float(score_T.max(initial=0.0))
    passed = [int(t) for t in np.argsort(-score_T, kind="stable") if score_T[t] > bar]
    drifted = {evidence.columns[t] for t in passed}
    if not drifted or len(drifted) < spec.share * len(set(evidence.columns)):
        return Verdict("none", score, (), p_T)
    is_far = any(evidence.effect_T[t] > evidence.act_T[t] for t in passed)
    return Verdict("act" if is_far else "watch", score, tuple(passed), p_T)


def bar_of(past: Sequence[float], windows_per_alarm: int | None) -> float:
    """How many bands an effect must be above, given the scores of past windows.

    Until so many windows have been seen that their quantile can be told, a window must stand out above all before it.
    That happens by chance to every k-th of k windows; so the first `windows_per_alarm` / e of them, which would do so
    too often, only teach what is usual, and of the first `windows_per_alarm` one is expected to alarm.

    Parameters
    ----------
    past : sequence of float
        Scores of windows outside of events, and of the windows that events began with.
    windows_per_alarm : int or None
        None: the bands alone decide.

    Examples
    --------
    >>> bar_of([0.0, 3.0], None), bar_of([0.0, 3.0], 20), bar_of([0.5] * 8, 20), bar_of([2.0] * 19, 20)
    (1.0, inf, 1.0, 2.0)
    """
    if windows_per_alarm is None:
        return 1.0
    if len(past) < windows_per_alarm / math.e:
        return math.inf
    threshold = conformal_threshold(np.array(past, np.float64), windows_per_alarm)
    return max(1.0, max(past) if math.isinf(threshold) else threshold)


def remembered(past: Sequence[float], score: float, windows_per_alarm: int | None) -> list[float]:
    """Add a score to those that the bar is made of; the oldest go, so that it follows the stream.

    Examples
    --------
    >>> remembered([0.5] * 8, 2.0, 2)
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2.0]
    """
    return [*past, score][-4 * windows_per_alarm :] if windows_per_alarm else []
