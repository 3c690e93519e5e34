"""River's detectors behind the protocol, with a state that can be put away without pickling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from river import drift

from models.drift.detectors.protocol import Alarm
from models.drift.detectors.restoring import check_kind
from models.protocol import Float64, Snapshot

RiverKind = Literal["adwin", "page_hinkley", "kswin", "ddm", "eddm", "hddm_a", "hddm_w"]
_RIVER: Any = drift  # partly typed
RIVER_KINDS: dict[RiverKind, Callable[[int], Any]] = {
    "adwin": lambda _: _RIVER.ADWIN(),
    "page_hinkley": lambda _: _RIVER.PageHinkley(),
    "kswin": lambda seed: _RIVER.KSWIN(seed=seed),
    "ddm": lambda _: _RIVER.binary.DDM(),
    "eddm": lambda _: _RIVER.binary.EDDM(),
    "hddm_a": lambda _: _binary("HDDMA", "HDDM_A")(),
    "hddm_w": lambda _: _binary("HDDMW", "HDDM_W")(),
}
"""By name, with a seed for those that need one; at River's own settings."""
BINARY: frozenset[RiverKind] = frozenset({"ddm", "eddm", "hddm_a", "hddm_w"})
"""Those that read errors only: anything but 0 is one."""


def _binary(*names: str) -> Any:
    """The first of these that this version of River has: it has renamed them."""
    return next(getattr(_RIVER.binary, name) for name in names if hasattr(_RIVER.binary, name))


class RiverDetector:
    """A detector of River.

    What River's objects hold cannot be put away without pickling, so their state is what they have read since they
    were new. Lest that grow, one that has read `horizon` values is made anew from the newer half of them.

    Parameters
    ----------
    kind : str
        A key of `RIVER_KINDS`.
    seed : int
    horizon : int
        At least 2.

    References
    ----------
    ADWIN: Bifet, A. and Gavaldà, R. (2007). SDM. Page–Hinkley: Page, E. S. (1954). Biometrika 41. KSWIN: Raab, C.,
    Heusinger, M. and Schleif, F.-M. (2020). Neurocomputing 416. DDM: Gama, J. et al. (2004). SBIA. EDDM: Baena-García,
    M. et al. (2006). HDDM: Frías-Blanco, I. et al. (2014). IEEE Transactions on Knowledge and Data Engineering 27(3).

    Examples
    --------
    >>> errors_B = np.repeat([0.0, 1.0], [500, 100])
    >>> [alarm] = RiverDetector("adwin").add_many(errors_B)
    >>> 500 < alarm.index < 600
    True
    """

    def __init__(self, kind: RiverKind, seed: int = 0, horizon: int = 20_000) -> None:
        if kind not in RIVER_KINDS or horizon < 2:
            raise ValueError(
                f"{kind}, horizon={horizon}: there are {', '.join(RIVER_KINDS)}; the horizon is 2 or more."
            )
        self._kind: RiverKind = kind
        self._seed, self._horizon = seed, horizon
        self._seen = 0
        self._read: list[float] = []
        self._river = self._new()

    def _new(self) -> Any:
        return RIVER_KINDS[self._kind](self._seed)

    def add_many(self, values_B: Float64) -> tuple[Alarm, ...]:
        """Read events in their order, as `Detector.add_many` does."""
        alarms = []
        for value in values_B.tolist():
            if np.isfinite(value) and self._drifted(value):
                alarms.append(Alarm(self._seen, self._seen, math.nan, math.nan))
                self._read, self._river = [], self._new()
            elif np.isfinite(value):
                self._read.append(value)
                if len(self._read) >= self._horizon:
                    self._replay(self._read[-(self._horizon // 2) :])
            self._seen += 1
        return tuple(alarms)

    def _drifted(self, value: float) -> bool:
        self._river.update(value != 0 if self._kind in BINARY else value)
        return bool(self._river.drift_detected)

    def _replay(self, values: list[float]) -> None:
        """Start anew with these values; alarms among them have been told."""
        self._read, self._river = values, self._new()
        for value in values:
            if self._drifted(value):
                self._river = self._new()

    def snapshot(self) -> Snapshot:
        """What it has read."""
        manifest = {"kind": self._kind, "seen": self._seen, "seed": self._seed, "horizon": self._horizon}
        return Snapshot({"read": np.array(self._read, np.float64)}, manifest)

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from, as `Detector.restore` does."""
        check_kind(snapshot, self._kind)
        self._seen = int(snapshot.manifest["seen"])
        self._seed, self._horizon = int(snapshot.manifest["seed"]), int(snapshot.manifest["horizon"])
        self._replay(snapshot.tensors["read"].tolist())
