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
from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.drift.champions import note_version, trained_through
from models.drift.derived import Rule
from models.drift.event import Drift
from models.drift.expectation_track import expected
from models.drift.pane_entries import Entry, Table, View, add_sketch, pane_name, sample_name
from models.drift.panes import left_behind, reference_of, window_of
from models.drift.sketch import SketchPlan
from models.drift.sketch_row import SketchRow
from models.drift.stretches import gathered
from models.drift.tracks import tracked
from models.drift.verdict import bar_of, remembered
from schemas.pipeline_drift import Drift as DriftSpec

_NEVER = -1e300  # minus infinity is no JSON number
PATIENCE_WINDOWS = 2
"""A partition that is this many panes behind the furthest no longer holds a pane open."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What a sketch leads to: drifts to be sent, then entries to be written (None: deleted).

    `late` rows came after their window had closed; `closed` windows did so now.
    """

    drifts: tuple[Drift, ...]
    writes: Mapping[str, Entry | None]
    late: int = 0
    closed: int = 0


def advance(table: Table, prefix: str, plan: SketchPlan, spec: DriftSpec, sketch: SketchRow) -> Advance:
    """Add a sketch to its pane and close the panes that are complete, and with each the window that ends there.

    A pane closes when the least watermark over all source partitions is `spec.lateness` past its end, or the largest
    `PATIENCE_WINDOWS` panes more: so at most that many and one are open, and those that lateness spans. The window is
    tested against the merged counts of its reference (see `reference_of`), if that is whole and both have
    `spec.minimum` rows. A sketch seen before is not counted again; of a closed pane it is late. Within the watermark,
    neither partitioning nor the order of arrival changes what comes out.

    Parameters
    ----------
    table : Mapping
        Only keys that begin with `prefix` are read, and ``pipeline|champions``. Not changed.
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
    view = View(table, prefix)
    source = _source(view.at(prefix))
    # What is deleted was last needed a step before: until then, that step may have had to be taken again.
    for name in source["forgotten"]:
        view.put(name, None)
    source["forgotten"] = []
    if not _fits(source, plan):
        source = _restarted(view, source, plan, sketch.window_start)
    source["binning"] = plan.binning
    if spec.against == "champion":
        note_version(view, sketch)
    late = _add(view, source, plan, sketch)
    watermarks = dict(source["watermarks"])
    seen = watermarks.get(str(sketch.partition), -math.inf)
    watermarks[str(sketch.partition)] = max(seen, sketch.watermark)
    source = source | {"watermarks": watermarks}
    through = _complete_through(watermarks, sketch.partitions, plan.window_ms, spec.lateness)
    due = [start for start in source["starts"] if source["closed"] < start + plan.window_ms <= through]
    drifts, source = _close(view, source, plan, spec, due)
    view.writes[prefix] = source | {"closed": max(source["closed"], through)}
    return Advance(drifts, view.writes, late, len(due))


def _source(entry: Entry | None) -> Entry:
    """Read a source's entry, in which what came later may be lacking."""
    new: Entry = {
        "watermarks": {},
        "closed": _NEVER,
        "starts": [],
        "forgotten": [],
        "gathering": None,
        "tracks": None,
        "size": 0,
        "window_ms": 0,
        "binning": 0,
    }
    found = {name: value for name, value in (entry or {}).items() if name in new}
    return new | found | {"forgotten": [_name(f) for f in found.get("forgotten", [])]}


def _fits(source: Entry, plan: SketchPlan) -> bool:
    """Whether panes are of the bins of a plan; those from before it was told had bins of equal width."""
    is_told = source["binning"] != 0 or plan.given is not None
    same_bins = source["size"] == plan.size and (source["binning"] == plan.binning or not is_told)
    return same_bins and source["window_ms"] == plan.window_ms


def _restarted(view: View, source: Entry, plan: SketchPlan, start: float) -> Entry:
    """Forget panes of other bins: the pipeline file has changed. The one that is added to next goes at once."""
    forgotten = [*view.names(source["starts"]), *([source["tracks"]] if source["tracks"] else [])]
    for name in {pane_name(start), sample_name(start)} & {*forgotten}:
        view.put(name, None)
    return _source({"size": plan.size, "window_ms": plan.window_ms, "forgotten": forgotten})


def _name(start: float | str) -> str:
    return start if isinstance(start, str) else pane_name(start)


def _complete_through(watermarks: Mapping[str, float], partitions: int, window_ms: int, lateness_ms: int) -> float:
    """End of the last window that is complete."""
    least = min(watermarks.values()) if len(watermarks) >= partitions else -math.inf
    furthest = max(watermarks.values())
    reached = max(least, furthest - PATIENCE_WINDOWS * window_ms) - lateness_ms
    return math.floor(reached / window_ms) * float(window_ms)


def _add(view: View, source: Entry, plan: SketchPlan, sketch: SketchRow) -> int:
    """Count a sketch, once; returns its rows if its window has closed."""
    if sketch.window_start + source["window_ms"] <= source["closed"]:
        return sketch.rows
    source["starts"] = sorted({*source["starts"], sketch.window_start})
    known_again = pane_name(sketch.window_start), sample_name(sketch.window_start)
    source["forgotten"] = [name for name in source["forgotten"] if name not in known_again]
    add_sketch(view, plan, sketch)
    return 0


def _close(
    view: View, source: Entry, plan: SketchPlan, spec: DriftSpec, due: list[float]
) -> tuple[tuple[Drift, ...], Entry]:
    """Judge the windows that end with the panes due; what they lead to goes under a new key, the old one is let go."""
    if not due:
        return (), source
    tracks = (view.get(source["tracks"]) if source["tracks"] else None) or {}
    drifts: list[Drift] = []
    for start in due:
        if spec.stretch is not None:
            source = gathered(view, source, plan, spec.stretch, start)
            if source["gathering"] is not None:
                continue
        closed = [s for s in source["starts"] if s <= start]
        panes = window_of(closed, plan.window_ms, spec)
        trained = trained_through(view, view.version(panes)) if spec.against == "champion" else None
        reference = reference_of(closed, plan.window_ms, spec, trained)
        found, tracks = _judge(view, plan, spec, panes, reference, tracks)
        drifts += found
        gone = left_behind(closed, spec, reference)
        source = source | {
            "starts": [s for s in source["starts"] if s not in gone],
            "forgotten": [*source["forgotten"], *view.names(gone)],
        }
    name = f"tracks:{due[-1]:.0f}"
    view.put(name, tracks)
    old = [source["tracks"]] if source["tracks"] else []
    return tuple(drifts), source | {"tracks": name, "forgotten": [*source["forgotten"], *old]}


def _judge(
    view: View, plan: SketchPlan, spec: DriftSpec, panes: list[float], of_reference: list[float], tracks: Entry
) -> tuple[list[Drift], Entry]:
    """Judge by the expectations, and, where there is a reference, by what has changed."""
    window = view.tally(plan, panes)
    if spec.stretch is None:  # it is as long even if it begins with panes without rows
        window = replace(window, start=window.end - spec.window)
    reference = view.tally(plan, of_reference)
    drifts, ruled = list[Drift](), dict[str, Entry]()
    if any(isinstance(one, Rule) for one in plan.derived):
        found, state = expected(plan, spec, tracks.get("expectation"), window, reference)
        drifts, ruled = [*found], {"expectation": state}
    if not of_reference:
        return drifts, tracks | ruled
    past = tracks.get("scores", [])
    bar = bar_of(past, spec.false_alarms)
    steps = tracked(plan, spec, tracks, window, reference, bar)
    scores = [step.score for step in steps.values() if step.score is not None]
    if len(scores) == len(steps):  # in an event they are not of the usual
        past = remembered(past, max(scores), spec.false_alarms)
    states = {kind: step.state for kind, step in steps.items()}
    return [*drifts, *(d for step in steps.values() for d in step.drifts)], {"scores": past, **states, **ruled}
