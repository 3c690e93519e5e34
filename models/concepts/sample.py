"""A labelled sample of a regime: uniform over its rows, and frozen when the regime ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.protocol import Float32, Float64


@dataclass(frozen=True, slots=True)
class Sample:
    """At most `size` of the rows seen, each with equal chance.

    Draws depend on `seed` and on how many rows were seen, and on nothing else: there is no random state to keep.

    References
    ----------
    Vitter 1985: Random sampling with a reservoir (algorithm R).

    Examples
    --------
    >>> sample = Sample.empty(size=2, width=1, seed=(0, 1)).after(np.zeros((5, 1), np.float32), np.arange(5.0))
    >>> len(sample.y_M), sample.seen
    (2, 5)
    """

    size: int
    seed: tuple[int, ...]
    seen: int
    x_MF: Float32
    y_M: Float64

    @classmethod
    def empty(cls, size: int, width: int, seed: tuple[int, ...]) -> Sample:
        """Nothing yet."""
        return cls(size, seed, 0, np.empty((0, width), np.float32), np.empty(0, np.float64))

    def after(self, x_BF: Float32, y_B: Float64) -> Sample:
        """Offer rows, in their order."""
        number_B = self.seen + np.arange(len(y_B))
        drawn_B = np.random.default_rng([*self.seed, self.seen]).integers(0, number_B + 1)
        place_B = np.where(number_B < self.size, number_B, drawn_B)
        taken = np.flatnonzero(place_B < self.size)
        held = min(self.size, self.seen + len(y_B))
        x_MF, y_M = np.zeros((held, x_BF.shape[1]), np.float32), np.zeros(held, np.float64)
        x_MF[: len(self.y_M)], y_M[: len(self.y_M)] = self.x_MF, self.y_M
        # Where two rows get one place, the later stays: what algorithm R does one by one.
        x_MF[place_B[taken]], y_M[place_B[taken]] = x_BF[taken], y_B[taken]
        return Sample(self.size, self.seed, self.seen + len(y_B), x_MF, y_M)
