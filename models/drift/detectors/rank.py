"""Has a number changed in any way? Shiryaev–Roberts over bets on its ranks, whatever its distribution."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from statistics import NormalDist

import numpy as np

from models.drift.detectors.protocol import Alarm
from models.drift.detectors.restoring import check_kind
from models.protocol import Float64, Snapshot

_KIND = "rank"
_SHIFTS = (-1.0, -0.5, 0.5, 1.0)
_SPREADS = (0.5, 0.7, 1.4, 2.0)
# Each bet is the exponential of a + b·z + c·z², z the normal score.
_BETS = tuple((-(s**2) / 2, s, 0.0) for s in _SHIFTS) + tuple((-math.log(s), 0.0, (1 - s**-2) / 2) for s in _SPREADS)
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
        self._earned = [0.0] * len(_BETS)
        self._onset = [0.0] * len(_BETS)

    def add_many(self, values_B: Float64) -> tuple[Alarm, ...]:
        """Read events in their order, as `Detector.add_many` does."""
        alarms = []
        for value, chance in zip(values_B.tolist(), self._random.random(len(values_B)).tolist(), strict=True):
            if math.isfinite(value):
                self._bet(self._share(value, chance))
                statistic = sum(self._earned) / len(_BETS)
                if statistic >= self._threshold:
                    alarms.append(Alarm(self._seen, self._mean_onset(), statistic, self._threshold))
                    self._start_anew()
            self._seen += 1
        return tuple(alarms)

    def _share(self, value: float, chance: float) -> float:
        """Rank among the values held, as a share from 0 to 1; and hold this one too."""
        below, through = bisect_left(self._sorted, value), bisect_right(self._sorted, value)
        share = (below + chance * (through - below + 1)) / (len(self._sorted) + 1)
        self._sorted.insert(through, value)
        self._held.append(value)
        if len(self._held) > self._memory:
            del self._sorted[bisect_left(self._sorted, self._held.popleft())]
        return share

    def _bet(self, share: float) -> None:
        """Bet on a rank: a change may have begun at this event, or at any before."""
        score = _NORMAL.inv_cdf(min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE))
        self._onset = [(e * o + self._seen) / (e + 1) for e, o in zip(self._earned, self._onset, strict=True)]
        bets = [math.exp(a + b * score + c * score * score) for a, b, c in _BETS]
        self._earned = [(e + 1) * bet for e, bet in zip(self._earned, bets, strict=True)]

    def _mean_onset(self) -> int:
        weighed = sum(e * o for e, o in zip(self._earned, self._onset, strict=True))
        return round(weighed / sum(self._earned))

    def snapshot(self) -> Snapshot:
        """The values held, what the bets have earned, and the random state."""
        tensors = {
            "held": np.array(self._held, np.float64),
            "earned": np.array(self._earned, np.float64),
            "onset": np.array(self._onset, np.float64),
        }
        return Snapshot(tensors, {"kind": _KIND, "seen": self._seen, "random": dict(self._random.bit_generator.state)})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from, as `Detector.restore` does."""
        check_kind(snapshot, _KIND, earned=(len(_BETS),), onset=(len(_BETS),))
        self._held = deque(snapshot.tensors["held"].tolist())
        self._sorted = sorted(self._held)
        self._earned, self._onset = snapshot.tensors["earned"].tolist(), snapshot.tensors["onset"].tolist()
        self._seen = int(snapshot.manifest["seen"])
        self._random.bit_generator.state = snapshot.manifest["random"]
