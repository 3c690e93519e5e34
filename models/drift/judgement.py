"""The verdict on one window: drifted or not, in which columns, and whether that is news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.psi import population_stability_index
from models.drift.sketch import LABELS, SketchPlan
from schemas.decoded import Columns
from schemas.pipeline_drift import Drift as DriftSpec

Active = dict[str, str] | None
_ACTIONS = {
    "watch": "Watch these columns: the next windows show whether it lasts.",
    "act": "Look at where these columns come from; if the change is real, let the model learn it before trusting it.",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """A window that differs from its reference; fields as in ``drift.avsc``."""

    window_start: float
    window_end: float
    statistic: float
    threshold: float
    rows: int
    id: str
    kind: str
    severity: str
    columns: tuple[str, ...]
    statistics: tuple[float, ...]


def judge(
    plan: SketchPlan,
    spec: DriftSpec,
    start: float,
    window_FK: NDArray[np.int64],
    reference_FK: NDArray[np.int64],
    active: Active,
) -> tuple[Drift | None, Active]:
    """Test a window. One drift is one event: while it lasts, it is reported again, under its id, only if it gets worse.

    Parameters
    ----------
    plan, spec : SketchPlan, DriftSpec
    start : float
        Of the window, ms.
    window_FK, reference_FK : ndarray of int64, shape (F, bins + 1)
    active : dict or None
        Id and severity of the drift that the window before was in.

    Returns
    -------
    drift : Drift or None
        What to report.
    active : dict or None
        What this window is in. Unchanged where there are too few rows to tell.
    """
    rows = int(window_FK[0].sum())
    if min(rows, int(reference_FK[0].sum())) < spec.minimum:
        return None, active
    index_F = population_stability_index(window_FK, reference_FK)
    statistic = float(index_F.max())
    if statistic <= spec.psi.watch:
        return None, None
    severity = "act" if statistic > spec.psi.act else "watch"
    if active and (severity == "watch" or active["severity"] == "act"):
        return None, active
    drift_id = active["id"] if active else f"{plan.source}:{start:.0f}"
    drift = _drift(plan, spec, start, rows, index_F, drift_id, severity)
    return drift, {"id": drift_id, "severity": severity}


def _drift(
    plan: SketchPlan,
    spec: DriftSpec,
    start: float,
    rows: int,
    index_F: NDArray[np.float64],
    drift_id: str,
    severity: str,
) -> Drift:
    threshold = spec.psi.act if severity == "act" else spec.psi.watch
    strongest = [int(f) for f in np.argsort(-index_F, kind="stable") if index_F[f] > threshold]
    return Drift(
        window_start=start,
        window_end=start + plan.window_ms,
        statistic=float(index_F.max()),
        threshold=threshold,
        rows=rows,
        id=drift_id,
        kind="prior" if plan.source == LABELS else "covariate",
        severity=severity,
        columns=tuple(plan.names[f] for f in strongest),
        statistics=tuple(float(index_F[f]) for f in strongest),
    )


def drift_columns(drifts: tuple[Drift, ...]) -> Columns:
    """Drifts as columns of the Drift record, D rows."""
    return {
        "window_start": np.array([d.window_start for d in drifts], np.float64),
        "window_end": np.array([d.window_end for d in drifts], np.float64),
        "statistic": np.array([d.statistic for d in drifts], np.float64),
        "threshold": np.array([d.threshold for d in drifts], np.float64),
        "rows": np.array([d.rows for d in drifts], np.int64),
        "id": _texts([d.id for d in drifts]),
        "kind": _texts([d.kind for d in drifts]),
        "test": _texts(["psi"] * len(drifts)),
        "severity": _texts([d.severity for d in drifts]),
        "columns": _lists([[name.encode() for name in d.columns] for d in drifts]),
        "statistics": _lists([np.array(d.statistics, np.float64) for d in drifts]),
        "action": _texts([_ACTIONS[d.severity] for d in drifts]),
    }


def _texts(texts: list[str]) -> NDArray[np.bytes_]:
    return np.array([text.encode() for text in texts], "S")


def _lists(lists: list[Any]) -> NDArray[np.object_]:
    column = np.empty(len(lists), object)
    column[:] = lists
    return column
