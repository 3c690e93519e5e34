"""Where the mean of what was seen lies, at every moment at once: a confidence sequence.

References
----------
Howard, Ramdas, McAuliffe, Sekhon 2021: Time-uniform, nonparametric, nonasymptotic confidence sequences (theorem 4, the
empirical Bernstein bound, here with a mixture of few λ).
Choe, Ramdas 2023: Comparing sequential forecasters (theorem 2: it holds for means that change, too).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.protocol import Float64

_SPAN: Final = 2.0
"""From −1 to 1."""
_SLOPES_L: Final = np.geomspace(0.005, 0.95, 12) / _SPAN
_COSTS_L: Final = (-np.log1p(-_SPAN * _SLOPES_L) - _SPAN * _SLOPES_L) / _SPAN**2
_HALVINGS: Final = 50


@dataclass(frozen=True, slots=True)
class RunningMean:
    """Sums of numbers between −1 and 1, from which a confidence sequence for their mean follows.

    Attributes
    ----------
    count : int
    total : float
        Their sum.
    spread : float
        Sum of squares of each number less the mean of those before it.

    Examples
    --------
    >>> seen = RunningMean().after(np.full(1000, 0.1))
    >>> low, high = seen.interval(alpha=0.05)
    >>> round(seen.mean, 3), low < 0.1 < high, high - low < 0.1
    (0.1, True, True)
    >>> round(RunningMean().after(np.array([0.0, 1.0] * 50)).error, 2)
    0.05
    """

    count: int = 0
    total: float = 0.0
    spread: float = 0.0

    def after(self, d_B: Float64) -> RunningMean:
        """Take in the next numbers, in their order, shape (B,)."""
        before_B = self.total + np.concatenate(([0.0], np.cumsum(d_B)[:-1]))
        expected_B = before_B / (self.count + 1 + np.arange(len(d_B)))
        spread = self.spread + float(np.square(d_B - expected_B).sum())
        return RunningMean(self.count + len(d_B), self.total + float(d_B.sum()), spread)

    def merged(self, other: RunningMean) -> RunningMean:
        """Take in what another has seen; spreads add up, which is a little less than having seen it all in turn."""
        return RunningMean(self.count + other.count, self.total + other.total, self.spread + other.spread)

    @property
    def mean(self) -> float:
        """NaN before the first number."""
        return self.total / self.count if self.count else math.nan

    @property
    def error(self) -> float:
        """Standard error of the mean; NaN before the first number."""
        return math.sqrt(self.spread) / self.count if self.count else math.nan

    def interval(self, alpha: float) -> tuple[float, float]:
        """Bounds that hold the mean of the expectations so far, at all moments at once with chance 1 − `alpha`."""
        return self._bound(self.total, alpha / 2), -self._bound(-self.total, alpha / 2)

    def _bound(self, total: float, alpha: float) -> float:
        """Greatest mean that is refuted, by halving: the e-value falls as the mean supposed rises."""
        low, high = -1.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            log_L = _SLOPES_L * (total - self.count * middle) - _COSTS_L * self.spread
            refuted = float(np.logaddexp.reduce(log_L)) - math.log(len(_SLOPES_L)) >= -math.log(alpha)
            low, high = (middle, high) if refuted else (low, middle)
        return low
