"""How far labels lie apart, learned as they come."""

from __future__ import annotations

import math

import numpy as np

from models.protocol import Float64


class RunningSpread:
    """Four standard deviations of all values so far: what an error can reasonably be.

    References
    ----------
    Chan, Golub, LeVeque 1979: Updating formulae and a pairwise algorithm for computing sample variances.

    Examples
    --------
    >>> labels = RunningSpread()
    >>> labels.learn(np.array([1.0, 3.0]))
    >>> labels.spread
    4.0
    """

    def __init__(self) -> None:
        self.state = np.zeros(3)
        """Count, mean, and sum of squares around it."""

    def learn(self, value_B: Float64) -> None:
        """Take in finite values."""
        if not len(value_B):
            return
        count, mean, squares = self.state
        fresh, shift = len(value_B), float(value_B.mean()) - mean
        whole = count + fresh
        squares += float(np.square(value_B - value_B.mean()).sum()) + shift**2 * count * fresh / whole
        self.state[:] = whole, mean + shift * fresh / whole, squares

    @property
    def spread(self) -> float:
        """Four deviations; 1 while nothing has varied."""
        count, _, squares = self.state
        return 4 * math.sqrt(squares / count) if squares > 0 else 1.0
