"""Event-time windows of merged sketches: which are complete, and what each is compared with.

State is kept in a table of JSON values that may outlive the process: one entry for each open or remembered window
and one for its source. `advance` reads the table and returns what to write to it, so that a caller can first send the
drifts and then write, in order. Should it die in between, after any of the writes, and be given the sketch again, the
same comes out: drifts with the ids they had, and the same table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.judgement import Drift, judge
from models.drift.sketch import SketchPlan
from schemas.pipeline_drift import Drift as DriftSpec

Entry = dict[str, Any]
Table = Mapping[str, Entry]
_NEVER = -1e300  # minus infinity is no JSON number
PATIENCE_WINDOWS = 2
"""A partition that is this many windows behind the furthest no longer holds a window open."""


@dataclass(frozen=True, slots=True)
class SketchRow:
    """One sketch; `counts_N` holds its histograms one after another."""

    window_start: float
    watermark: float
    rows: int
    counts_N: NDArray[np.int64]
    partition: int
    partitions: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Advance:
    """What a sketch leads to: drifts to be sent, then entries to be written (None: deleted).

    `late` rows came after their window had closed; `closed` windows did so now.
    """

    drifts: tuple[Drift, ...]
    writes: Mapping[str, Entry | None]
    late: int = 0
    closed: int = 0


@dataclass(slots=True)
class _View:
    """The table as it will be once the writes are made."""

    table: Table
    writes: dict[str, Entry | None] = field(default_factory=dict)

    def get(self, key: str) -> Entry | None:
        return self.writes[key] if key in self.writes else self.table.get(key)


def advance(table: Table, prefix: str, plan: SketchPlan, spec: DriftSpec, sketch: SketchRow) -> Advance:
    """Add a sketch to its window and close the windows that are complete.

    A window closes when the least watermark over all source partitions reaches its end, or the largest has passed it
    by `PATIENCE_WINDOWS` windows: so at most that many and one are open. It is tested against the merged counts of the
    `spec.reference` closed windows before it, if there are so many and it and they have `spec.minimum` rows. A sketch
    seen before is not counted again; of a closed window it is late. Within the watermark, neither partitioning nor the
    order of arrival changes what comes out.

    Parameters
    ----------
    table : Mapping
        Only keys that begin with `prefix` are read. Not changed.
    prefix : str
        Pipeline and source.
    plan : SketchPlan
        Of that source.
    spec : DriftSpec
        The pipeline's section `drift`.
    sketch : SketchRow

    Returns
    -------
    Advance
        Drifts by rising window.
    """
    view = _View(table)
    source = dict(view.get(prefix) or _new_source())
    # Windows are deleted a step after they were last needed: until then, this step may have to be taken again.
    view.writes |= {_key(prefix, start): None for start in source["forgotten"]}
    source["forgotten"] = []
    if source["size"] != plan.size or source["window_ms"] != plan.window_ms:
        source = _restarted(source, plan)
    late = _add(view, prefix, source, sketch)
    watermarks = dict(source["watermarks"])
    seen = watermarks.get(str(sketch.partition), -math.inf)
    watermarks[str(sketch.partition)] = max(seen, sketch.watermark)
    source = source | {"watermarks": watermarks}
    through = _complete_through(watermarks, sketch.partitions, plan.window_ms)
    due = [start for start in source["starts"] if source["closed"] < start + plan.window_ms <= through]
    drifts = []
    for start in due:
        drift, source = _close(view, prefix, source, plan, spec, start)
        drifts += [drift] if drift else []
    view.writes[prefix] = source | {"closed": max(source["closed"], through)}
    return Advance(tuple(drifts), view.writes, late, len(due))


def _new_source() -> Entry:
    return {
        "watermarks": {},
        "closed": _NEVER,
        "starts": [],
        "forgotten": [],
        "active": None,
        "size": 0,
        "window_ms": 0,
    }


def _restarted(source: Entry, plan: SketchPlan) -> Entry:
    """Forget windows of other bins: the pipeline file has changed."""
    return _new_source() | {"size": plan.size, "window_ms": plan.window_ms, "forgotten": source["starts"]}


def _key(prefix: str, start: float) -> str:
    return f"{prefix}|{start:.0f}"


def _complete_through(watermarks: Mapping[str, float], partitions: int, window_ms: int) -> float:
    """End of the last window that is complete."""
    least = min(watermarks.values()) if len(watermarks) >= partitions else -math.inf
    furthest = max(watermarks.values())
    reached = max(least, furthest - PATIENCE_WINDOWS * window_ms)
    return math.floor(reached / window_ms) * float(window_ms)


def _add(view: _View, prefix: str, source: Entry, sketch: SketchRow) -> int:
    """Count a sketch, once; returns its rows if its window has closed."""
    if sketch.window_start + source["window_ms"] <= source["closed"]:
        return sketch.rows
    source["starts"] = sorted({*source["starts"], sketch.window_start})
    source["forgotten"] = [start for start in source["forgotten"] if start != sketch.window_start]
    key, partition = _key(prefix, sketch.window_start), str(sketch.partition)
    window = view.get(key)
    if window is None or len(window["counts"]) != source["size"]:
        window = {"rows": 0, "counts": [0] * source["size"], "sequences": {}}
    if window["sequences"].get(partition, -1) >= sketch.sequence:
        return 0
    view.writes[key] = {
        "rows": window["rows"] + sketch.rows,
        "counts": (np.array(window["counts"], np.int64) + sketch.counts_N).tolist(),
        "sequences": window["sequences"] | {partition: sketch.sequence},
    }
    return 0


def _close(
    view: _View, prefix: str, source: Entry, plan: SketchPlan, spec: DriftSpec, start: float
) -> tuple[Drift | None, Entry]:
    before = [s for s in source["starts"] if s < start]
    window = _histograms(view, prefix, plan, [start])
    drift, active = None, source["active"]
    if len(before) >= spec.reference:
        reference = _histograms(view, prefix, plan, before[-spec.reference :])
        drift, active = judge(plan, spec, start, window, reference, active)
    forgotten = before[: max(0, len(before) + 1 - spec.reference)]
    kept = {"starts": source["starts"][len(forgotten) :], "forgotten": [*source["forgotten"], *forgotten]}
    return drift, source | kept | {"active": active}


def _histograms(view: _View, prefix: str, plan: SketchPlan, starts: list[float]) -> NDArray[np.int64]:
    """Merge windows into counts of shape (F, bins + 1)."""
    entries = [entry for s in starts if (entry := view.get(_key(prefix, s)))]
    total_N = np.sum([np.array(entry["counts"], np.int64) for entry in entries], axis=0)
    return np.asarray(total_N).reshape(len(plan.names), plan.bins + 1)
