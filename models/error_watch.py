"""What the learner's errors say as they come: alarms for those who react, and events for those who look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.drift.error_event import ErrorEvent, alarmed, passed
from models.drift.event import Drift
from models.error_alarms import ErrorAlarms, Errors, Rise
from models.protocol import Snapshot
from schemas.error_detectors import Alarm


@dataclass(frozen=True, slots=True)
class Heard:
    """What a minibatch led to: detectors that alarm, and reports of their events, in the order of their names."""

    alarms: frozenset[Alarm] = frozenset()
    drifts: tuple[Drift, ...] = ()


class ErrorWatch:
    """Detectors on errors, and of each the event that is open. Learns in place.

    Parameters
    ----------
    kinds : iterable of str
    """

    def __init__(self, kinds: Iterable[Alarm]) -> None:
        self._kinds = sorted(set(kinds))
        self._alarms = ErrorAlarms(self._kinds)
        self._open: dict[str, ErrorEvent] = {}

    def see(self, errors: Errors, version: int) -> Heard:
        """Read a minibatch, but what is not finite.

        Parameters
        ----------
        errors : Errors
        version : int
            Published last; 0: none.
        """
        errors = errors.finite()
        rises: dict[str, Rise] = {rise.kind: rise for rise in self._alarms.see(errors)}
        drifts = [drift for kind in self._kinds for drift in self._follow(kind, rises.get(kind), errors, version)]
        return Heard(frozenset(rise.kind for rise in rises.values()), tuple(drifts))

    def _follow(self, kind: str, rise: Rise | None, errors: Errors, version: int) -> tuple[Drift, ...]:
        event = self._open.pop(kind, None)
        if rise is not None:
            event, drifts = alarmed(event, rise, version)
        elif event is not None and len(errors.error_B):
            event, drifts = passed(event, len(errors.error_B), float(errors.error_B.sum()), float(errors.time_B[-1]))
        else:
            drifts = ()
        if event is not None:
            self._open[kind] = event
        return drifts

    def snapshot(self) -> Snapshot:
        """All of its state."""
        whole = self._alarms.snapshot()
        events = {kind: self._open[kind].as_json() for kind in self._kinds if kind in self._open}
        return Snapshot(whole.tensors, {**whole.manifest, "open": events})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from; a detector that was not there yet begins."""
        self._alarms.restore(snapshot)
        events = snapshot.manifest["open"].items()
        self._open = {kind: ErrorEvent.from_json(told) for kind, told in events if kind in self._kinds}
