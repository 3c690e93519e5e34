"""Detectors on a learner's own errors, event by event: which of them say that these have risen, and how far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.concepts.keeping import joined, parted
from models.drift.detectors.error_rate import ErrorRateDetector
from models.drift.detectors.protocol import Detector
from models.protocol import Float32, Float64, Snapshot, Target
from schemas.error_detectors import Alarm

RECENT: Final = 64
"""Newest errors, whose mean says in which direction an alarm points: some detectors see errors fall as well."""


def detector_of(kind: Alarm) -> Detector:
    """Make a new one."""
    if kind == "error_rate":
        return ErrorRateDetector()
    # River takes a second to import: only who asks for it waits.
    from models.drift.detectors.river_detectors import RiverDetector

    return RiverDetector(kind)


def errors_of(target: Target, output_BK: Float32, label_B: Float64, loss_B: Float64) -> Float64:
    """What detectors read: 1 for a wrong class and 0 for the right one; of a regression the loss, 0 to 1.

    Examples
    --------
    >>> errors_of("binary", np.float32([[0.2], [0.9]]), np.array([1.0, 1.0]), np.zeros(2))
    array([1., 0.])
    """
    if target == "regression":
        return loss_B
    guess_B = output_BK.argmax(axis=1) if target == "multiclass" else output_BK[:, 0] >= 0.5
    error_B: Float64 = (guess_B != label_B).astype(np.float64)
    return error_B


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of B examples, 0 to 1, in the order of the log.

    `offset_B` is where they stand in it, and `time_B` the event time, ms since 1970, that it had reached there: it does
    not fall.
    """

    error_B: Float64
    offset_B: NDArray[np.int64]
    time_B: Float64

    def finite(self) -> Self:
        """Leave out errors that say nothing."""
        told_B = np.isfinite(self.error_B)
        return type(self)(self.error_B[told_B], self.offset_B[told_B], self.time_B[told_B])


@dataclass(frozen=True, slots=True)
class Rise:
    """Errors have risen, says a detector.

    Attributes
    ----------
    kind : str
        Name of the detector.
    offset : int
        Of the example at which it raised the alarm.
    level, rows : float, int
        Mean of the newest errors, and how many: those from the event time `start` to `end`, ms since 1970.
    before, before_rows : float, int
        Mean of those that it had read before, since it began or raised its last alarm; `begin` is when that was.
    """

    kind: Alarm
    offset: int
    level: float
    rows: int
    start: float
    end: float
    before: float
    before_rows: int
    begin: float


@dataclass(frozen=True, slots=True)
class _Since:
    """What a detector has read: events in all, and of those since its last alarm count, sum, and when they began."""

    read: int = 0
    count: int = 0
    total: float = 0.0
    begin: float = -1.0

    def after(self, errors: Errors) -> Self:
        begin = self.begin if self.count else float(errors.time_B[0])
        total = self.total + float(errors.error_B.sum())
        return type(self)(self.read + len(errors.error_B), self.count + len(errors.error_B), total, begin)


class ErrorAlarms:
    """One detector of each kind that is asked for. Learns in place.

    Parameters
    ----------
    kinds : iterable of str

    Examples
    --------
    >>> alarms, place_B = ErrorAlarms(["adwin"]), np.arange(8)
    >>> batches = [Errors(np.full(8, float(b >= 50)), b * 8 + place_B, b * 8e3 + place_B) for b in range(60)]
    >>> [rise] = [rise for errors in batches for rise in alarms.see(errors)]
    >>> rise.kind, 400 <= rise.offset < 480, rise.before < rise.level
    ('adwin', True, True)
    """

    def __init__(self, kinds: Iterable[Alarm]) -> None:
        self._detectors = {kind: detector_of(kind) for kind in sorted(set(kinds))}
        self._since = dict.fromkeys(self._detectors, _Since())
        self._recent: Float64 = np.empty((2, 0), np.float64)

    def see(self, errors: Errors) -> tuple[Rise, ...]:
        """Read a minibatch of errors, all finite; tell of the alarms that mean that errors have risen."""
        if not len(errors.error_B):
            return ()
        newest = np.stack([errors.error_B, errors.time_B])
        self._recent = np.concatenate([self._recent, newest], axis=1)[:, -RECENT:]
        found = [self._risen(kind, errors) for kind in self._detectors]
        return tuple(rise for rise in found if rise is not None)

    def _risen(self, kind: Alarm, errors: Errors) -> Rise | None:
        before = self._since[kind]
        since, alarms = before.after(errors), self._detectors[kind].add_many(errors.error_B)
        self._since[kind] = _Since(read=since.read) if alarms else since
        if not alarms or self._recent[0].mean() <= since.total / since.count:
            return None
        return self._rise(kind, int(errors.offset_B[alarms[0].index - before.read]), since)

    def _rise(self, kind: Alarm, offset: int, since: _Since) -> Rise:
        (recent_N, time_N), rest = self._recent, since.count - self._recent.shape[1]
        # An alarm soon after the last: what it compares lies all within the newest errors.
        before, rows = (since.total - recent_N.sum(), rest) if rest > 0 else (since.total, since.count)
        return Rise(
            kind,
            offset,
            level=float(recent_N.mean()),
            rows=len(recent_N),
            start=float(time_N[0]),
            end=float(time_N[-1]),
            before=float(before / rows),
            before_rows=rows,
            begin=since.begin,
        )

    def snapshot(self) -> Snapshot:
        """All of its state."""
        whole = joined({kind: detector.snapshot() for kind, detector in self._detectors.items()})
        since = {kind: [*astuple(known)] for kind, known in self._since.items()}
        return Snapshot({**whole.tensors, "recent": self._recent.copy()}, {"parts": whole.manifest, "since": since})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from; a detector that was not there yet begins."""
        parts = parted(Snapshot(snapshot.tensors, snapshot.manifest["parts"]))
        for kind in self._detectors.keys() & parts.keys():
            self._detectors[kind].restore(parts[kind])
            told = zip(fields(_Since), snapshot.manifest["since"][kind], strict=True)
            self._since[kind] = _Since(**{field.name: value for field, value in told})
        self._recent = np.array(snapshot.tensors["recent"])
