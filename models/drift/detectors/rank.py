"""Has a number changed in any way? Shiryaev–Roberts over bets on its ranks, whatever its distribution."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.drift.detectors.protocol import Alarm
from models.drift.detectors.restoring import check_kind
from models.protocol import Float64, Snapshot

_KIND = "rank"
_SHIFTS = np.array([-1.0, -0.5, 0.5, 1.0])
_SPREADS = np.array([0.5, 0.7, 1.4, 2.0])
_NORMAL = NormalDist()
_LEAST_SHARE = 1e-12


class RankDetector:
    """Finds a change of level or spread, up or down, of a stream of any distribution: a loss, a feature, a score.

    Each value is ranked among those before it. While the stream stands still, ranks as shares are uniform and
    independent whatever the distribution, and their normal scores are normal: so bets on scores that have moved, or
    spread, at the odds of the normal distribution, are fair. The statistic sums, over all events at which the change
    may have begun, what the mean bet since then would have earned; it is expected to grow by one an event, so the first
    false alarm takes at least `events_per_alarm` events on average. That is exact for the first `memory` values; later
    ones are ranked among the last `memory`, and it is close to it.

    Parameters
    ----------
    events_per_alarm : float
        Above 1: the threshold.
    memory : int
        Values held.
    seed : int
        Of the choice among ranks where values are equal.

    References
    ----------
    Vovk, V., Petej, I., Nouretdinov, I., Ahlberg, E., Carlsson, L. and Gammerman, A. (2021). Retrain or not retrain:
    conformal test martingales for change-point detection. COPA. Shin, J., Ramdas, A. and Rinaldo, A. (2023).
    E-detectors. New England Journal of Statistics in Data Science 2(2).

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> values_B = np.concatenate([random.normal(0, 1, 1000), random.normal(0, 2, 200)])
    >>> [alarm] = RankDetector().add_many(values_B)
    >>> 1000 < alarm.index < 1100
    True
    """

    def __init__(self, events_per_alarm: float = 150_000.0, memory: int = 1000, seed: int = 0) -> None:
        if events_per_alarm <= 1 or memory < 2:
            raise ValueError(
                f"events_per_alarm={events_per_alarm}, memory={memory}: they must be above 1, and at least 2."
            )
        self._threshold = float(events_per_alarm)
        self._memory = memory
        self._random = np.random.default_rng(seed)
        self._seen = 0
        self._start_anew()

    def _start_anew(self) -> None:
        self._held: deque[float] = deque()
        self._sorted: list[float] = []
        self._earned_E: NDArray[np.float64] = np.zeros(len(_SHIFTS) + len(_SPREADS))
        self._onset_E: NDArray[np.float64] = np.zeros(len(_SHIFTS) + len(_SPREADS))

    def add_many(self, values_B: Float64) -> tuple[Alarm, ...]:
        """Read events in their order, as `Detector.add_many` does."""
        alarms = []
        for value, chance in zip(values_B.tolist(), self._random.random(len(values_B)).tolist(), strict=True):
            if np.isfinite(value):
                self._bet(self._share(value, chance))
                statistic = float(self._earned_E.mean())
                if statistic >= self._threshold:
                    onset = round(float((self._earned_E * self._onset_E).sum() / self._earned_E.sum()))
                    alarms.append(Alarm(self._seen, onset, statistic, self._threshold))
                    self._start_anew()
            self._seen += 1
        return tuple(alarms)

    def _share(self, value: float, chance: float) -> float:
        """Rank among the values held, as a share from 0 to 1; and hold this one too."""
        below, through = bisect_left(self._sorted, value), bisect_right(self._sorted, value)
        share = (below + chance * (through - below + 1)) / (len(self._sorted) + 1)
        insort(self._sorted, value)
        self._held.append(value)
        if len(self._held) > self._memory:
            del self._sorted[bisect_left(self._sorted, self._held.popleft())]
        return share

    def _bet(self, share: float) -> None:
        score = _NORMAL.inv_cdf(min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE))
        shifted_S = np.exp(_SHIFTS * (score - _SHIFTS / 2))
        spread_S = np.exp((1 - _SPREADS**-2) * (score * score / 2)) / _SPREADS
        bet_E = np.concatenate([shifted_S, spread_S])
        self._onset_E = (self._earned_E * self._onset_E + self._seen) / (self._earned_E + 1)
        self._earned_E = (self._earned_E + 1) * bet_E

    def snapshot(self) -> Snapshot:
        """The values held, what the bets have earned, and the random state."""
        tensors = {
            "held": np.array(self._held, np.float64),
            "earned": self._earned_E.copy(),
            "onset": self._onset_E.copy(),
        }
        return Snapshot(tensors, {"kind": _KIND, "seen": self._seen, "random": dict(self._random.bit_generator.state)})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from, as `Detector.restore` does."""
        check_kind(snapshot, _KIND, earned=self._earned_E.shape, onset=self._onset_E.shape)
        self._held = deque(snapshot.tensors["held"].tolist())
        self._sorted = sorted(self._held)
        self._earned_E, self._onset_E = snapshot.tensors["earned"].copy(), snapshot.tensors["onset"].copy()
        self._seen = int(snapshot.manifest["seen"])
        self._random.bit_generator.state = snapshot.manifest["random"]
