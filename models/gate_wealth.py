"""Evidence that may be looked at after every example: the wealth of one who bets against there being nothing.

Of each example comes one number d between −1 and 1. Nothing: given the past, none of them is above 0 on average. Who
bets the share λ of his wealth on d multiplies it by 1 + λ d, which on average does not grow while there is nothing. So
wealth is an *e-process*: the chance that it **ever** exceeds 1 / α is at most α (Ville's inequality), whoever looks,
however often, and whenever he stops.

No λ is best for all, and what has become better may have been worse for long. So the wealth at first is spread evenly
over a few λ, and of each share half is bet from the first block of examples on, a sixth from the second,
1 / (j (j + 1)) from the j-th: who begins when the world changes has lost nothing before. A mixture of e-processes is an
e-process; this one needs a number for each λ, as Shiryaev's and Roberts' statistic does, not one for each beginning.

References
----------
Ville 1939: Étude critique de la notion de collectif.
Howard, Ramdas, McAuliffe, Sekhon 2021: Time-uniform, nonparametric, nonasymptotic confidence sequences.
Waudby-Smith, Ramdas 2023: Estimating means of bounded random variables by betting.
Shin, Ramdas, Rinaldo 2023: E-detectors: a nonparametric framework for sequential change detection (the beginnings).
Choe, Ramdas 2023: Comparing sequential forecasters (losses of two who answer in turn).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from models.protocol import Float64, Snapshot

BETS_L: Final = np.geomspace(0.01, 0.95, 8)
"""Shares of the wealth that are bet, from careful to bold; below 1, so that no loss ruins."""


def _nothing() -> Float64:
    return np.full(len(BETS_L), -np.inf)


@dataclass(frozen=True, slots=True)
class Wealth:
    """An e-process against the null hypothesis that no d is above 0 on average, given the past.

    Attributes
    ----------
    log_L : ndarray of float64, shape (L,)
        Logarithm of the wealth that is at stake with each bet.
    blocks : int
        Taken in so far.

    Examples
    --------
    >>> better, same = Wealth(), Wealth()
    >>> for d in [1.0, 0.0, 1.0] * 6:
    ...     better, same = better.after(np.array([d])), same.after(np.array([-d]))
    >>> better.exceeds(alpha=0.05), same.exceeds(alpha=0.05)
    (True, False)
    """

    log_L: Float64 = field(default_factory=_nothing)
    blocks: int = 0

    def after(self, d_B: Float64) -> Wealth:
        """Take in the next block: numbers between −1 and 1 in their order, shape (B,)."""
        begun = self.blocks + 1
        stake = -math.log(begun) - math.log(begun + 1) - math.log(len(BETS_L))
        growth_L = np.log1p(BETS_L[:, None] * d_B).sum(axis=1)
        return Wealth(np.logaddexp(self.log_L, stake) + growth_L, begun)

    @property
    def log_e(self) -> float:
        """Logarithm of the e-value now; 0 before the first block."""
        kept = -math.log(self.blocks + 1)
        return float(np.logaddexp.reduce([*self.log_L, kept]))

    def exceeds(self, alpha: float) -> bool:
        """Whether there is something, with at most `alpha` chance of ever saying so if there is nothing."""
        return self.log_e >= -math.log(alpha)

    def snapshot(self) -> Snapshot:
        """All of its state."""
        return Snapshot({"log": self.log_L.copy()}, {"blocks": self.blocks})

    @classmethod
    def restored(cls, snapshot: Snapshot) -> Wealth:
        """The one that `snapshot` was taken from."""
        return cls(np.array(snapshot.tensors["log"]), int(snapshot.manifest["blocks"]))
