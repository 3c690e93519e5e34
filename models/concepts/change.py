"""Has something changed? Evidence that begins anew with every block, and may be looked at any time.

The wealth of who bets against there being nothing (`models.gate_wealth`), summed over bettors of whom one begins with
each example. While there is nothing, this sum grows on average by one an example; so on average it takes at least
`run` examples until it first exceeds `run`, whoever looks, however often. What it costs does not grow with time.

References
----------
Shin, Ramdas, Rinaldo 2023: E-detectors: a nonparametric framework for sequential change detection (Shiryaev's and
Roberts' kind, with a mixture of bets).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from models.gate_wealth import BETS_L
from models.protocol import Float64, Snapshot

_WEIGHT_L: Final = 2.0 ** np.arange(len(BETS_L)) / (2.0 ** len(BETS_L) - 1)
"""Of each bettor's stake the bolder bets have the more: the great change that they show is one that cannot wait. A
small one takes so many examples anyway that a smaller stake costs few of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """Evidence against the hypothesis that numbers between −1 and 1 are never above 0 on average, given the past.

    Attributes
    ----------
    log_L : ndarray of float64, shape (L,)
        Logarithm of the sum, for each bet.

    Examples
    --------
    >>> found = Change().after(np.zeros(500)).after(np.full(40, 0.5))
    >>> found.exceeds(run=100_000), Change().after(np.zeros(500)).exceeds(run=100_000)
    (True, False)
    """

    log_L: Float64 = field(default_factory=lambda: np.full(len(BETS_L), -np.inf))

    def after(self, d_B: Float64) -> Change:
        """Take in the next block, shape (B,); nothing comes of none."""
        if not len(d_B):
            return self
        stake_L = math.log(len(d_B)) + np.log(_WEIGHT_L)
        return Change(np.logaddexp(self.log_L, stake_L) + np.log1p(BETS_L[:, None] * d_B).sum(axis=1))

    @property
    def log_sum(self) -> float:
        """Logarithm of the sum; −∞ before the first block."""
        return float(np.logaddexp.reduce(self.log_L))

    @property
    def begun(self) -> bool:
        """Whether there was a block."""
        return bool(np.isfinite(self.log_L).any())

    def exceeds(self, run: float) -> bool:
        """Whether something has changed; wrongly at most once in `run` examples on average."""
        return self.log_sum >= math.log(run)

    def snapshot(self) -> Snapshot:
        """All of its state."""
        return Snapshot({"log": self.log_L.copy()})

    @classmethod
    def restored(cls, snapshot: Snapshot) -> Change:
        """The one that `snapshot` was taken from."""
        return cls(np.array(snapshot.tensors["log"]))
