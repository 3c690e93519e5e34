"""Has the error rate risen? Shiryaev–Roberts over all onsets, a grid of rates before, and some rises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.detectors.protocol import Alarm
from models.drift.detectors.restoring import check_kind
from models.protocol import Float64, Snapshot

_KIND = "error_rate"
_RATES = 1 / (1 + np.exp(-np.linspace(-6.0, 4.0, 64)))
_SPELL = 64
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class _Spell:
    """Likelihoods of up to P events that are worked out together: G rates before a rise, E rises.

    `before_PG` is that of all events up to each if nothing rises, weighed by the chance of each rate; `after_PGE` that
    after a rise. `onset_PGE` is what an onset at each event adds, divided by `after_PGE` up to there, so that sums of
    it times `after_PGE` are sums over onsets.
    """

    before_PG: Float64
    after_PGE: Float64
    onset_PGE: Float64


class ErrorRateDetector:
    """Finds a rise of the rate of ones in a stream of zeros and ones, without being told the rate.

    The statistic is a sum over all events at which the rise may have begun of the Bayes factor of that onset against
    no rise. While there is none it is expected to grow by one an event, whatever the stopping rule: so, on average over
    the rates held possible, the first false alarm takes at least `events_per_alarm` events. Rates before lie on a grid
    on the logit scale, from 0.25 % to 98 %.

    Old events fade, so that a model that slowly gets better does not hide that it gets worse: the evidence of `memory`
    events ago weighs 1/e. The bound is then no theorem any more; the benchmark says what is seen.

    Parameters
    ----------
    events_per_alarm : float
        Above 1: the threshold.
    odds : tuple of float
        Rises of the odds that are looked for, each above 1.
    weights : tuple of float
        Of the rises, of sum 1.
    memory : int
        Events.

    References
    ----------
    Roberts, S. W. (1966). A comparison of some control chart procedures. Technometrics 8(3). Pollak, M. and Siegmund,
    D. (1991). Sequential detection of a change in a normal mean when the initial value is unknown. Annals of Statistics
    19(1). Shin, J., Ramdas, A. and Rinaldo, A. (2023). E-detectors: a nonparametric framework for sequential change
    detection. New England Journal of Statistics in Data Science 2(2).

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> errors_B = (random.random(1200) < np.repeat([0.2, 0.4], [1000, 200])).astype(np.float64)
    >>> [alarm] = ErrorRateDetector().add_many(errors_B)
    >>> 1000 < alarm.index < 1120, 950 < alarm.onset < 1050
    (True, True)
    """

    def __init__(
        self,
        events_per_alarm: float = 150_000.0,
        odds: tuple[float, ...] = (1.7, 2.7, 5.0),
        weights: tuple[float, ...] = (0.25, 0.5, 0.25),
        memory: int = 5_000,
    ) -> None:
        if events_per_alarm <= 1 or min(odds) <= 1 or len(odds) != len(weights) or memory < _SPELL:
            raise ValueError(
                f"events_per_alarm={events_per_alarm}, odds={odds}, weights={weights}, memory={memory}: the first and "
                f"all odds must be above 1, with a weight for each, and the memory at least {_SPELL}."
            )
        risen_GE = np.array(odds) * (_RATES / (1 - _RATES))[:, None]
        risen_GE = risen_GE / (1 + risen_GE)
        self._before_2G = np.stack([1 - _RATES, _RATES])
        self._after_2GE = np.stack([1 - risen_GE, risen_GE])
        self._weight_E = np.array(weights)
        self._threshold = float(events_per_alarm)
        self._fade = (1 - 1 / memory) ** _SPELL
        self._seen = 0
        self._start_anew()

    def _start_anew(self) -> None:
        self._rate_G: Float64 = np.full(len(_RATES), 1 / len(_RATES))
        self._factor_GE: Float64 = np.zeros(self._after_2GE.shape[1:])
        self._onset_GE: Float64 = np.zeros(self._after_2GE.shape[1:])
        self._error_P: NDArray[np.int64] = np.empty(0, np.int64)
        self._place_P: NDArray[np.int64] = np.empty(0, np.int64)

    def add_many(self, values_B: Float64) -> tuple[Alarm, ...]:
        """Read events in their order, as `Detector.add_many` does; anything but 0 is an error."""
        alarms = []
        place_B = np.flatnonzero(np.isfinite(values_B))
        error_B, place_B = (values_B[place_B] != 0).astype(np.int64), place_B + self._seen
        read = 0
        while read < len(error_B):
            before, room = len(self._error_P), _SPELL - len(self._error_P)
            self._error_P = np.concatenate([self._error_P, error_B[read : read + room]])
            self._place_P = np.concatenate([self._place_P, place_B[read : read + room]])
            spell = self._spell()
            alarm = self._judge(spell, before)
            read += len(self._error_P) - before
            if alarm:
                read = int(np.searchsorted(place_B, alarm.index, side="right"))
                alarms.append(alarm)
                self._start_anew()
            elif len(self._error_P) == _SPELL:
                self._close(spell)
        self._seen += len(values_B)
        return tuple(alarms)

    def _judge(self, spell: _Spell, before: int) -> Alarm | None:
        """The first alarm among the events of this spell from the one numbered `before` on."""
        grown_PGE = spell.after_PGE * (self._factor_GE + np.cumsum(spell.onset_PGE, axis=0))
        statistic_P = (grown_PGE * self._weight_E).sum(axis=(1, 2)) / spell.before_PG.sum(axis=1)
        reached = np.flatnonzero(statistic_P[before:] >= self._threshold)
        if len(reached) == 0:
            return None
        at = before + int(reached[0])
        onset = self._mean_onset(spell, grown_PGE[at], at)
        return Alarm(int(self._place_P[at]), onset, float(statistic_P[at]), self._threshold)

    def _spell(self) -> _Spell:
        before_PG = self._rate_G * np.cumprod(self._before_2G[self._error_P], axis=0, dtype=np.float64)
        after_PGE = np.cumprod(self._after_2GE[self._error_P], axis=0, dtype=np.float64)
        until_PG = np.concatenate([self._rate_G[None], before_PG[:-1]])
        until_PGE = np.concatenate([np.ones((1, *self._factor_GE.shape)), after_PGE[:-1]])
        return _Spell(before_PG, after_PGE, until_PG[:, :, None] / until_PGE)

    def _close(self, spell: _Spell) -> None:
        """Carry over what the spell has shown, a little faded."""
        began_GE = self._factor_GE + spell.onset_PGE.sum(axis=0)
        moment_GE = (spell.onset_PGE * self._place_P[:, None, None]).sum(axis=0)
        self._onset_GE = (self._factor_GE * self._onset_GE + moment_GE) / began_GE
        seen = spell.before_PG[-1].sum()
        rate_G = np.maximum(spell.before_PG[-1] / seen, _LEAST) ** self._fade
        self._factor_GE = (spell.after_PGE[-1] * began_GE / seen) ** self._fade / rate_G.sum()
        self._rate_G = rate_G / rate_G.sum()
        self._error_P, self._place_P = self._error_P[:0], self._place_P[:0]

    def _mean_onset(self, spell: _Spell, grown_GE: Float64, at: int) -> int:
        """Event at which the rise began: the mean by the factors of all onsets."""
        moment_GE = (spell.onset_PGE * self._place_P[:, None, None])[: at + 1].sum(axis=0)
        moment_GE = spell.after_PGE[at] * (self._factor_GE * self._onset_GE + moment_GE)
        return round(float((moment_GE * self._weight_E).sum() / (grown_GE * self._weight_E).sum()))

    def snapshot(self) -> Snapshot:
        """What is believed of the rate, the evidence of each rise, and the events since these were last worked out."""
        tensors: dict[str, NDArray[Any]] = {"rate": self._rate_G.copy(), "factor": self._factor_GE.copy()}
        tensors |= {"onset": self._onset_GE.copy(), "errors": self._error_P.copy(), "places": self._place_P.copy()}
        return Snapshot(tensors, {"kind": _KIND, "seen": self._seen})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from, as `Detector.restore` does."""
        shape = self._factor_GE.shape
        check_kind(snapshot, _KIND, rate=shape[:1], factor=shape, onset=shape)
        self._rate_G, self._factor_GE = snapshot.tensors["rate"].copy(), snapshot.tensors["factor"].copy()
        self._onset_GE, self._seen = snapshot.tensors["onset"].copy(), int(snapshot.manifest["seen"])
        self._error_P, self._place_P = snapshot.tensors["errors"].copy(), snapshot.tensors["places"].copy()
