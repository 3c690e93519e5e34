"""A drift as it is reported: one event that opens, is updated, and closes, under one id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.drift.advice import action_for
from models.drift.evidence import Evidence
from models.drift.sketch import SketchPlan
from models.drift.tally import Tally
from models.drift.verdict import Verdict
from schemas.decoded import Columns
from schemas.pipeline_drift import Kind

HISTOGRAMS: Final = 5
"""Columns of which an event carries the histograms of both sides."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A drift; fields as in ``drift.avsc``. What it says of a window it says of that in which it was strongest."""

    window_start: float
    window_end: float
    statistic: float
    threshold: float
    p_value: float
    rows: int
    id: str
    kind: Kind
    test: str
    severity: str
    columns: tuple[str, ...]
    statistics: tuple[float, ...]
    action: str
    source: str
    p_values: tuple[float, ...]
    tests: tuple[str, ...]
    reference_start: float
    reference_end: float
    reference_rows: int
    histograms: tuple[str, ...]
    categories: tuple[str, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    window_counts: tuple[int, ...]
    reference_counts: tuple[int, ...]
    state: str
    since: float
    until: float
    windows: int
    pattern: str
    recurs: str
    offset: int = -1
    version: int = 0
    edges: tuple[float, ...] = ()
    window_means: tuple[float, ...] = ()
    window_spreads: tuple[float, ...] = ()
    reference_means: tuple[float, ...] = ()
    reference_spreads: tuple[float, ...] = ()


def drift_of(
    plan: SketchPlan,
    kind: Kind,
    drift_id: str,
    evidence: Evidence,
    verdict: Verdict,
    bar: float,
    window: Tally,
    reference: Tally,
) -> Drift:
    """Report a window that has drifted, as the only one of its event so far."""
    strongest = list(verdict.strongest)
    first = strongest[0]
    effect, passed, act = float(evidence.effect_T[first]), bar * evidence.band_T[first], evidence.act_T[first]
    top = list(dict.fromkeys(evidence.shown or [evidence.columns[t] for t in strongest]))[:HISTOGRAMS]
    return Drift(
        window_start=window.start,
        window_end=window.end,
        statistic=effect,
        threshold=float(max(passed, act) if effect > act else passed),
        p_value=float(verdict.p_T[first]),
        rows=window.rows,
        id=drift_id,
        kind=kind,
        test=evidence.tests[first],
        severity=verdict.severity,
        columns=tuple(plan.names[evidence.columns[t]] for t in strongest),
        statistics=tuple(evidence.effect_T[strongest].tolist()),
        action=action_for(kind, verdict.severity),
        source=plan.source,
        p_values=tuple(verdict.p_T[strongest].tolist()),
        tests=tuple(evidence.tests[t] for t in strongest),
        reference_start=reference.start,
        reference_end=reference.end,
        reference_rows=reference.rows,
        histograms=tuple(plan.names[f] for f in top),
        categories=tuple(plan.names[f] for f in top if f in plan.categories),
        lows=tuple(plan.edges_FE[top, 0].tolist()),
        highs=tuple(plan.edges_FE[top, -1].tolist()),
        window_counts=tuple(window.counts_FB[top].ravel().tolist()),
        reference_counts=tuple(reference.counts_FB[top].ravel().tolist()),
        state="opened",
        since=window.start,
        until=window.end,
        windows=1,
        pattern="unknown",
        recurs="",
        edges=_edges(plan, top),
        **_moments(plan, top, window, reference),
    )


def _moments(plan: SketchPlan, columns: list[int], window: Tally, reference: Tally) -> dict[str, Any]:
    """Mean and spread of the numbers among these columns; none of either side if one does not tell."""
    sides = {"window": window, "reference": reference}
    found = {name: side.means_and_spreads(plan, columns) for name, side in sides.items()}
    if not all(found.values()):
        return {}
    pairs = {name: tuple(zip(*of_columns, strict=True)) for name, of_columns in found.items()}
    return {f"{name}_{what}": pairs[name][n] for name in pairs for n, what in enumerate(("means", "spreads"))}


def _edges(plan: SketchPlan, columns: list[int]) -> tuple[float, ...]:
    """Edges of all bins of these columns; none if all of them have bins of equal width."""
    uneven = set() if plan.given is None else {*plan.given.columns.tolist()}
    return tuple(plan.edges_FE[columns].ravel().tolist()) if uneven & {*columns} else ()


def to_json(drift: Drift) -> dict[str, Any]:
    """Write an event down for a table."""
    return asdict(drift)


def from_json(fields: Mapping[str, Any]) -> Drift:
    """Read what `to_json` wrote, through JSON or not."""
    found: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in fields.items()}
    return Drift(**found)


def drift_columns(drifts: tuple[Drift, ...]) -> Columns:
    """Drifts as columns of the Drift record, D rows."""
    return {name: _column([getattr(drift, name) for drift in drifts]) for name in Drift.__dataclass_fields__}


def _column(values: list[Any]) -> NDArray[Any]:
    if isinstance(values[0], tuple):
        column = np.empty(len(values), object)
        for row, value in enumerate(values):
            column[row] = [v.encode() if isinstance(v, str) else v for v in value]
        return column
    if isinstance(values[0], str):
        return np.array([value.encode() for value in values], "S")
    return np.array(values, np.float64 if isinstance(values[0], float) else np.int64)


def drifts_of(columns: Columns) -> tuple[Drift, ...]:
    """Read columns of the Drift record, also those of records from before drifts were events of several reports."""
    rows = range(len(columns["id"]))
    return tuple(_completed({name: _value(columns[name][row]) for name in Drift.__dataclass_fields__}) for row in rows)


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray | list | tuple):
        return tuple(_value(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value


def _completed(fields: dict[str, Any]) -> Drift:
    if not fields["source"]:
        fields |= {
            "source": fields["id"].partition(":")[0],
            "since": fields["window_start"],
            "until": fields["window_end"],
            "tests": (fields["test"],) * len(fields["columns"]),
            "p_values": (float("nan"),) * len(fields["columns"]),
            "p_value": float("nan"),
        }
    return Drift(**fields)
