"""One kind of drift in one source, window after window: when an event of it opens, what updates it, when it closes.

Windows are judged twice while an event is open: against the reference, which moves on, and against what the reference
was when it opened. It ends when they are again as before (it has returned), or when they stand still and the reference
has come to be as they are (it has settled); or when the reference holds none but its windows for so long that what
still moves is another drift. After one that has returned, the reference stays what it was before it until no window of
the event is left in it: else what is normal would differ from it next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from models.drift.event import Drift, drift_of, from_json, to_json
from models.drift.evidence import Evidence, weigh
from models.drift.joint import joint_shape, weigh_joint
from models.drift.pattern import pattern_of
from models.drift.sketch import SketchPlan
from models.drift.tally import Counts, Tally, tally_of
from models.drift.verdict import Verdict, judge
from schemas.pipeline_drift import Drift as DriftSpec
from schemas.pipeline_drift import Kind

State = dict[str, Any]
"""JSON: the `active` event or None; `known` states that earlier ones began or ended in; the `norm` that the last one
has returned to, while the reference holds windows of it."""
_COURSE: Final = 64
"""Windows of an event whose course is remembered; of more, the later ones only in part."""
_KNOWN: Final = 6
_KNOWN_COUNTS: Final = 100_000
"""States of earlier drifts that are remembered, and how many counts they may all hold: they travel in one message."""


def new_track() -> State:
    """Begin with no past."""
    return {"active": None, "known": [], "norm": None}


@dataclass(frozen=True, slots=True)
class Step:
    """What a window leads to: events to report, the state after it, and its score if no event was open."""

    drifts: tuple[Drift, ...]
    state: State
    score: float | None


@dataclass(frozen=True, slots=True)
class Track:
    """Follows one kind of drift. Holds no state: `step` takes it and gives it back, changed."""

    plan: SketchPlan
    spec: DriftSpec
    kind: Kind

    def step(self, state: State, window: Tally, reference: Tally, bar: float = 1.0) -> Step:
        """Judge the next window.

        Parameters
        ----------
        state : dict
            From `new_track` or a former step. Not changed; where there are too few rows to tell, it stays.
        window, reference : Tally
        bar : float
            From `bar_of`: what an event must be above to open. While it lasts, the bar is what it was then.

        Returns
        -------
        Step
            Reports of an event that opens, gets worse, or closes.
        """
        if min(window.rows, reference.rows) < self.spec.minimum:
            return Step((), state, None)
        if state["active"] is not None:
            return self._follow(state, state["active"], window, reference, bar)
        norm = state["norm"]
        if norm and reference.start >= norm["through"]:
            state, norm = state | {"norm": None}, None
        return self._watch(state, window, self._tally(norm) if norm else reference, bar)

    def _watch(self, state: State, window: Tally, reference: Tally, bar: float) -> Step:
        evidence = self._weigh(window, reference)
        verdict = judge(evidence, self.spec, bar)
        if verdict.severity == "none":
            return Step((), state, verdict.score)
        of_covariates = self.kind in ("covariate", "prior")  # each source's own kind, named by the source
        named = self.plan.source if of_covariates else f"{self.plan.source}:{self.kind}"
        drift_id = f"{named}:{window.start:.0f}"
        drift = drift_of(self.plan, self.kind, drift_id, evidence, verdict, bar, window, reference)
        column = evidence.columns[verdict.strongest[0]]
        recurs = self._recurs(state["known"], window, column)
        drift = replace(drift, recurs=recurs, pattern="recurring" if recurs else "unknown")
        active = {
            "event": to_json(drift),
            "bar": bar,
            "anchor": reference.to_json(),
            "last": window.to_json(),
            "column": column,
            "score": verdict.score,
            "shown": list(evidence.shown[:2]),
            "course": [self._shape(window, column, evidence.shown, reference).tolist()],
        }
        return Step((drift,), state | {"active": active}, verdict.score)

    def _follow(self, state: State, active: State, window: Tally, reference: Tally, bar: float) -> Step:
        anchor = self._tally(active["anchor"])
        evidence = self._weigh(window, anchor)
        verdict = judge(evidence, self.spec, active["bar"])
        if verdict.severity == "none":
            drift, state = self._close(state, active, anchor, returned=True)
            return Step((drift,), state, None)
        if self._has_settled(window, reference, active):
            drift, state = self._close(state, active, anchor, returned=False)
            after = self._watch(state, window, reference, bar)
            return Step((drift, *after.drifts), after.state, None)
        event = from_json(active["event"])
        told = event.severity, event.columns[0]
        if verdict.score > active["score"]:
            stronger = drift_of(self.plan, self.kind, event.id, evidence, verdict, active["bar"], window, anchor)
            severity = "act" if "act" in (event.severity, verdict.severity) else "watch"
            event = replace(stronger, severity=severity, since=event.since, pattern=event.pattern, recurs=event.recurs)
        event = replace(event, state="updated", until=window.end, windows=active["event"]["windows"] + 1)
        shape = self._shape(window, active["column"], active.get("shown", ()), anchor)
        course = [*active["course"], shape.tolist()]
        active = active | {
            "event": to_json(event),
            "last": window.to_json(),
            "score": max(active["score"], verdict.score),
            "course": _thinned(course),
        }
        is_news = (event.severity, event.columns[0]) != told
        return Step((event,) if is_news else (), state | {"active": active}, None)

    def _has_settled(self, window: Tally, reference: Tally, active: State) -> bool:
        """Always once the reference has moved its own length past the beginning; never where it does not move."""
        if self.spec.against == "trailing" and self._has_moved_on(reference, active["event"]):
            return True
        return self._is_like(window, reference, active) and self._is_like(window, self._tally(active["last"]), active)

    def _has_moved_on(self, reference: Tally, event: State) -> bool:
        if self.spec.stretch is not None:
            return bool(event["windows"] >= 2 * self.spec.reference * self.spec.panes)
        return bool(reference.start >= event["since"] + self.spec.reference * self.spec.window)

    def _close(self, state: State, active: State, anchor: Tally, *, returned: bool) -> tuple[Drift, State]:
        event = from_json(active["event"])
        pattern = pattern_of(
            self._shape(anchor, active["column"], active.get("shown", ()), anchor),
            [np.array(counts, np.int64) for counts in active["course"]],
            windows=event.windows,
            returned=returned,
            recurs=bool(event.recurs),
            panes=self.spec.panes,
        )
        ends = [{"id": event.id, **active["anchor"]}, {"id": event.id, **active["last"]}]
        known = [k for k in state["known"] if not any(self._matches(k, end, active["column"]) for end in ends)]
        closed = replace(event, state="closed", pattern=pattern)
        moves_along = self.spec.against != "champion"  # what a champion has learned is normal to it, whatever it was
        norm = {**active["anchor"], "through": event.until} if returned and moves_along else None
        kept = min(_KNOWN, _KNOWN_COUNTS // (self.plan.size + len(anchor.sample)))
        return closed, state | {"active": None, "known": [*known, *ends][-kept:] if kept else [], "norm": norm}

    def _shape(self, tally: Tally, column: int, shown: Sequence[int], anchor: Tally) -> Counts:
        """What a pattern is told by: the histogram of a column, or of two together, or how its rows are.

        They are well, missing, or out of range.
        """
        if self.kind == "joint":
            return joint_shape(self.plan, tally, anchor, shown)
        if self.kind != "quality":
            counts_K: Counts = tally.present_FK[column]
            return counts_K
        missing, outside = int(tally.missing_F[column]), int(tally.outside_F[column])
        return np.array([tally.rows - missing - outside, missing, outside], np.int64)

    def _recurs(self, known: list[State], window: Tally, column: int) -> str:
        """Id of the latest event that began or ended in the state that the window is in; empty if none did."""
        return next((str(k["id"]) for k in reversed(known) if self._matches(k, window.to_json(), column)), "")

    def _matches(self, one: State, other: State, column: int) -> bool:
        """Whether two states differ in nothing, and have rows enough in `column` to say so."""
        sides = self._tally(one), self._tally(other)
        told = all(side.present_FK[column].sum() >= self.spec.minimum for side in sides) or self.kind == "quality"
        return told and all(self._verdict(*pair, bar=1.0).severity == "none" for pair in (sides, sides[::-1]))

    def _is_like(self, window: Tally, other: Tally, active: State) -> bool:
        return self._verdict(window, other, active["bar"]).severity == "none"

    def _verdict(self, window: Tally, reference: Tally, bar: float) -> Verdict:
        return judge(self._weigh(window, reference), self.spec, bar)

    def _weigh(self, window: Tally, reference: Tally) -> Evidence:
        of_columns = self.kind != "joint"
        return (weigh if of_columns else weigh_joint)(self.plan, self.spec, self.kind, window, reference)

    def _tally(self, entry: State) -> Tally:
        return tally_of(self.plan, [entry], entry["start"], entry["end"])


def _thinned(course: list[Any]) -> list[Any]:
    """Let go of every second entry of the later half when there are too many: an event may last, but not grow."""
    half = _COURSE // 2
    return course if len(course) <= _COURSE else [*course[:half], *course[half::2]]
