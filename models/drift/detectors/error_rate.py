"""Has the error rate risen? Shiryaev–Roberts over all onsets, a grid of rates before, and some rises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.drift.detectors.protocol import Alarm
from models.drift.detectors.restoring import check_kind
from models.protocol import Float64, Snapshot

_KIND = "error_rate"
_RATES = 1 / (1 + np.exp(-np.linspace(-6.0, 4.0, 64)))
_TEMPER_EVERY = 64
_LEAST = 1e-300


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
        if events_per_alarm <= 1 or min(odds) <= 1 or len(odds) != len(weights) or memory < _TEMPER_EVERY:
            raise ValueError(
                f"events_per_alarm={events_per_alarm}, odds={odds}, weights={weights}, memory={memory}: the first and "
                f"all odds must be above 1, with a weight for each, and the memory at least {_TEMPER_EVERY}."
            )
        risen_GE = np.array(odds) * (_RATES / (1 - _RATES))[:, None]
        risen_GE = risen_GE / (1 + risen_GE)
        self._before_2G = np.stack([1 - _RATES, _RATES])
        self._after_2GE = np.stack([1 - risen_GE, risen_GE])
        self._weight_E = np.array(weights)
        self._threshold = float(events_per_alarm)
        self._fade = (1 - 1 / memory) ** _TEMPER_EVERY
        self._seen = 0
        self._start_anew()

    def _start_anew(self) -> None:
        self._age = 0
        self._rate_G: NDArray[np.float64] = np.full(len(_RATES), 1 / len(_RATES))
        self._factor_GE: NDArray[np.float64] = np.zeros(self._after_2GE.shape[1:])
        self._onset_GE: NDArray[np.float64] = np.zeros(self._after_2GE.shape[1:])

    def add_many(self, values_B: Float64) -> tuple[Alarm, ...]:
        """Read events in their order, as `Detector.add_many` does; anything but 0 is an error."""
        alarms = []
        for value in values_B.tolist():
            if np.isfinite(value):
                self._add(int(value != 0))
                statistic = float((self._factor_GE @ self._weight_E).sum())
                if statistic >= self._threshold:
                    alarms.append(Alarm(self._seen, self._onset(), statistic, self._threshold))
                    self._start_anew()
            self._seen += 1
        return tuple(alarms)

    def _add(self, error: int) -> None:
        """Take in an event: the onset may be this one, or any before.

        `rate_G` is the chance of each rate if nothing has risen, `factor_GE` the sum of Bayes factors, times that
        chance, and `onset_GE` the mean onset by these.
        """
        chance_G1 = self._rate_G[:, None]
        began_GE = self._factor_GE + chance_G1
        self._onset_GE = (self._factor_GE * self._onset_GE + chance_G1 * self._seen) / began_GE
        likely_G = self._rate_G * self._before_2G[error]
        predicted = float(likely_G.sum())
        self._factor_GE = began_GE * self._after_2GE[error] / predicted
        self._rate_G = np.maximum(likely_G / predicted, _LEAST)
        self._age += 1
        if self._age % _TEMPER_EVERY == 0:
            faded_G = self._rate_G**self._fade
            self._factor_GE = self._factor_GE**self._fade / faded_G.sum()
            self._rate_G = faded_G / faded_G.sum()

    def _onset(self) -> int:
        weight_GE = self._factor_GE * self._weight_E
        return round(float((weight_GE * self._onset_GE).sum() / weight_GE.sum()))

    def snapshot(self) -> Snapshot:
        """What is believed of the rate, and the evidence of each rise."""
        tensors = {"rate": self._rate_G.copy(), "factor": self._factor_GE.copy(), "onset": self._onset_GE.copy()}
        return Snapshot(tensors, {"kind": _KIND, "seen": self._seen, "age": self._age})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from, as `Detector.restore` does."""
        shape = self._factor_GE.shape
        check_kind(snapshot, _KIND, rate=shape[:1], factor=shape, onset=shape)
        self._rate_G, self._factor_GE = snapshot.tensors["rate"].copy(), snapshot.tensors["factor"].copy()
        self._onset_GE = snapshot.tensors["onset"].copy()
        self._seen, self._age = int(snapshot.manifest["seen"]), int(snapshot.manifest["age"])
