"""Event-time windows of merged sketches: which are complete, and what each is compared with.

A window is put together of panes, the windows of the sketches; one pane where windows tumble. State is kept in a table
of JSON values that may outlive the process: one entry for each open or remembered pane, one for its source, and one for
what the kinds of drift of that source have come to, which is never changed in place. `advance` reads the table and
returns what to write to it, so that a caller can first send the drifts and then write, in order. Should it die in
between, after any of the writes, and be given the sketch again, the same comes out: drifts with the ids they had, and
the same table.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.event import Drift
from models.drift.panes import is_judged, left_behind, reference_of, window_of
from models.drift.sample import merged
from models.drift.sketch import SketchPlan
from models.drift.tally import Tally, tally_of
from models.drift.tracks import tracked
from models.drift.verdict import bar_of, remembered
from schemas.pipeline_drift import Drift as DriftSpec

Entry = dict[str, Any]
Table = Mapping[str, Entry]
_NEVER = -1e300  # minus infinity is no JSON number
PATIENCE_WINDOWS = 2
"""A partition that is this many panes behind the furthest no longer holds a pane open."""


@dataclass(frozen=True, slots=True)
class SketchRow:
    """One sketch; `counts_N` holds its histograms one after another, `outside_F` is empty if it was not counted.

    `sample` is packed as `models.drift.sample` says.
    """

    window_start: float
    watermark: float
    rows: int
    counts_N: NDArray[np.int64]
    partition: int
    partitions: int
    sequence: int
    outside_F: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    sample: bytes = b""


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
    """Add a sketch to its pane and close the panes that are complete, and with each the window that ends there.

    A pane closes when the least watermark over all source partitions reaches its end, or the largest has passed it
    by `PATIENCE_WINDOWS` panes: so at most that many and one are open. The window is tested against the merged counts
    of the `spec.reference` windows before it (or the first, if `spec.against` is fixed), if there are so many and it
    and they have `spec.minimum` rows. A sketch seen before is not counted again; of a closed pane it is late. Within
    the watermark, neither partitioning nor the order of arrival changes what comes out.

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
    source = _source(view.get(prefix))
    # What is deleted was last needed a step before: until then, that step may have had to be taken again.
    view.writes |= {f"{prefix}|{name}": None for name in source["forgotten"]}
    source["forgotten"] = []
    if source["size"] != plan.size or source["window_ms"] != plan.window_ms:
        source = _restarted(view, prefix, source, plan)
    late = _add(view, prefix, source, plan, sketch)
    watermarks = dict(source["watermarks"])
    seen = watermarks.get(str(sketch.partition), -math.inf)
    watermarks[str(sketch.partition)] = max(seen, sketch.watermark)
    source = source | {"watermarks": watermarks}
    through = _complete_through(watermarks, sketch.partitions, plan.window_ms)
    due = [start for start in source["starts"] if source["closed"] < start + plan.window_ms <= through]
    drifts, source = _close(view, prefix, source, plan, spec, due)
    view.writes[prefix] = source | {"closed": max(source["closed"], through)}
    return Advance(drifts, view.writes, late, len(due))


def _source(entry: Entry | None) -> Entry:
    """Read a source's entry, in which what came later may be lacking."""
    new: Entry = {
        "watermarks": {},
        "closed": _NEVER,
        "starts": [],
        "forgotten": [],
        "tracks": None,
        "size": 0,
        "window_ms": 0,
    }
    found = {name: value for name, value in (entry or {}).items() if name in new}
    return new | found | {"forgotten": [_name(f) for f in found.get("forgotten", [])]}


def _restarted(view: _View, prefix: str, source: Entry, plan: SketchPlan) -> Entry:
    """Forget panes of other bins: the pipeline file has changed."""
    forgotten = [*_names(view, prefix, source["starts"]), *([source["tracks"]] if source["tracks"] else [])]
    return _source({"size": plan.size, "window_ms": plan.window_ms, "forgotten": forgotten})


def _name(start: float | str) -> str:
    return start if isinstance(start, str) else f"{start:.0f}"


def _key(prefix: str, start: float) -> str:
    return f"{prefix}|{_name(start)}"


def _names(view: _View, prefix: str, starts: list[float]) -> list[str]:
    """Names of all entries that panes have."""
    samples = [name for start in starts if view.get(f"{prefix}|{(name := _sample_name(start))}")]
    return [*map(_name, starts), *samples]


def _sample_name(start: float) -> str:
    """A pane's sample has an entry of its own: it is larger than the counts, and changes ever more rarely."""
    return f"{start:.0f}:sample"


def _complete_through(watermarks: Mapping[str, float], partitions: int, window_ms: int) -> float:
    """End of the last window that is complete."""
    least = min(watermarks.values()) if len(watermarks) >= partitions else -math.inf
    furthest = max(watermarks.values())
    reached = max(least, furthest - PATIENCE_WINDOWS * window_ms)
    return math.floor(reached / window_ms) * float(window_ms)


def _add(view: _View, prefix: str, source: Entry, plan: SketchPlan, sketch: SketchRow) -> int:
    """Count a sketch, once; returns its rows if its window has closed."""
    if sketch.window_start + source["window_ms"] <= source["closed"]:
        return sketch.rows
    source["starts"] = sorted({*source["starts"], sketch.window_start})
    known_again = _name(sketch.window_start), _sample_name(sketch.window_start)
    source["forgotten"] = [name for name in source["forgotten"] if name not in known_again]
    _sample(view, prefix, plan, sketch)  # first: unlike counts it may be added again
    key, partition = _key(prefix, sketch.window_start), str(sketch.partition)
    window = view.get(key)
    if window is None or len(window["counts"]) != source["size"]:
        window = {"rows": 0, "counts": [0] * source["size"], "outside": [], "sequences": {}}
    if window["sequences"].get(partition, -1) >= sketch.sequence:
        return 0
    view.writes[key] = {
        "rows": window["rows"] + sketch.rows,
        "counts": (np.array(window["counts"], np.int64) + sketch.counts_N).tolist(),
        "outside": _sum(window.get("outside", []), sketch.outside_F),
        "sequences": window["sequences"] | {partition: sketch.sequence},
    }
    return 0


def _sample(view: _View, prefix: str, plan: SketchPlan, sketch: SketchRow) -> None:
    if not plan.sample_rows or not sketch.sample:
        return
    key = f"{prefix}|{_sample_name(sketch.window_start)}"
    known = b64decode((view.get(key) or {}).get("sample", ""))
    if (sample := merged(plan.sample_rows, plan.width, known, sketch.sample)) != known:
        view.writes[key] = {"sample": b64encode(sample).decode()}


def _sum(counted: list[int], more_F: NDArray[np.int64]) -> list[int]:
    if not counted or not len(more_F):
        return counted or [int(n) for n in more_F]
    return [int(n) for n in np.array(counted, np.int64) + more_F]


def _close(
    view: _View, prefix: str, source: Entry, plan: SketchPlan, spec: DriftSpec, due: list[float]
) -> tuple[tuple[Drift, ...], Entry]:
    """Judge the windows that end with the panes due; what they lead to goes under a new key, the old one is let go."""
    if not due:
        return (), source
    tracks = (view.get(f"{prefix}|{source['tracks']}") if source["tracks"] else None) or {}
    drifts: list[Drift] = []
    for start in due:
        closed = [s for s in source["starts"] if s <= start]
        if is_judged(closed, plan.window_ms, spec):
            found, tracks = _judge(view, prefix, plan, spec, closed, tracks)
            drifts += found
        gone = left_behind(closed, spec)
        source = source | {
            "starts": [s for s in source["starts"] if s not in gone],
            "forgotten": [*source["forgotten"], *_names(view, prefix, gone)],
        }
    name = f"tracks:{due[-1]:.0f}"
    view.writes[f"{prefix}|{name}"] = tracks
    old = [source["tracks"]] if source["tracks"] else []
    return tuple(drifts), source | {"tracks": name, "forgotten": [*source["forgotten"], *old]}


def _judge(
    view: _View, prefix: str, plan: SketchPlan, spec: DriftSpec, closed: list[float], tracks: Entry
) -> tuple[list[Drift], Entry]:
    window = _tally(view, prefix, plan, window_of(closed, plan.window_ms, spec), closed[-1] + plan.window_ms)
    window = replace(window, start=window.end - spec.window)
    reference = _tally(view, prefix, plan, reference_of(closed, plan.window_ms, spec))
    past = tracks.get("scores", [])
    bar = bar_of(past, spec.false_alarms)
    steps = tracked(plan, spec, tracks, window, reference, bar)
    scores = [step.score for step in steps.values() if step.score is not None]
    if len(scores) == len(steps):  # in an event they are not of the usual
        past = remembered(past, max(scores), spec.false_alarms)
    states = {kind: step.state for kind, step in steps.items()}
    return [drift for step in steps.values() for drift in step.drifts], {"scores": past, **states}


def _tally(view: _View, prefix: str, plan: SketchPlan, starts: list[float], end: float | None = None) -> Tally:
    names = [name for start in starts for name in (_name(start), _sample_name(start))]
    entries = [entry for name in names if (entry := view.get(f"{prefix}|{name}"))]
    return tally_of(plan, entries, starts[0], starts[-1] + plan.window_ms if end is None else end)
