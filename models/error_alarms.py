"""Detectors on a learner's own errors, event by event: which of them say that these have risen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from models.concepts.keeping import joined, parted
from models.drift.detectors.error_rate import ErrorRateDetector
from models.drift.detectors.protocol import Detector
from models.protocol import Float32, Float64, Snapshot, Target
from schemas.pipeline_reaction import Alarm

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


class ErrorAlarms:
    """One detector of each kind that is asked for. Learns in place.

    Parameters
    ----------
    kinds : iterable of str

    Examples
    --------
    >>> alarms = ErrorAlarms(["adwin"])
    >>> worse = [alarms.see(np.full(8, float(batch >= 50))) for batch in range(60)]
    >>> {*worse[:50]} == {frozenset()}, frozenset({"adwin"}) in worse[50:]
    (True, True)
    """

    def __init__(self, kinds: Iterable[Alarm]) -> None:
        self._detectors = {kind: detector_of(kind) for kind in sorted(set(kinds))}
        self._since = dict.fromkeys(self._detectors, (0, 0.0))
        self._recent: Float64 = np.empty(0, np.float64)

    def see(self, error_B: Float64) -> frozenset[Alarm]:
        """Read a minibatch of errors, but what is not finite; name those that alarm because errors have risen."""
        error_B = error_B[np.isfinite(error_B)]
        self._recent = np.concatenate((self._recent, error_B))[-RECENT:]
        return frozenset(kind for kind in self._detectors if len(error_B) and self._has_risen(kind, error_B))

    def _has_risen(self, kind: Alarm, error_B: Float64) -> bool:
        count, total = self._since[kind][0] + len(error_B), self._since[kind][1] + float(error_B.sum())
        alarmed = bool(self._detectors[kind].add_many(error_B))
        self._since[kind] = (0, 0.0) if alarmed else (count, total)
        return alarmed and float(self._recent.mean()) > total / count

    def snapshot(self) -> Snapshot:
        """All of its state."""
        whole = joined({kind: detector.snapshot() for kind, detector in self._detectors.items()})
        since = {kind: [*counted] for kind, counted in self._since.items()}
        return Snapshot({**whole.tensors, "recent": self._recent.copy()}, {"parts": whole.manifest, "since": since})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        parts = parted(Snapshot(snapshot.tensors, snapshot.manifest["parts"]))
        for kind, detector in self._detectors.items():
            detector.restore(parts[kind])
            count, total = snapshot.manifest["since"][kind]
            self._since[kind] = int(count), float(total)
        self._recent = np.array(snapshot.tensors["recent"])
