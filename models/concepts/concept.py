"""A regime that was told apart: how it looks, what was answered right in it, and the version that did best there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from models.concepts.change import Change
from models.concepts.sample import Sample
from models.concepts.signature import Counts, distance
from models.concepts.window import Window
from models.gate_duel import Champion
from models.gate_interval import RunningMean
from models.protocol import Float64

DOUBT: Final = 2.0
"""Standard errors: a mean that few rows have shown is not held against those that come."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What is known of a regime.

    Attributes
    ----------
    number : int
        From 1; used once.
    since, last_seen : int
        Examples learned when it was first and last there.
    counts_FC : ndarray of int64, shape (F, C)
        How its inputs are distributed, on the bank's grid.
    sample : Sample
        Of its rows, with their labels.
    best : Champion or None
        The version that lost least in it; None until one was scored over a whole window of it.
    level : RunningMean
        Losses of `best` on rows of this regime that it had not learned.
    contradicted : bool
        The present gives other answers to the same inputs.
    differs, agrees : Change
        Evidence that, on inputs as these, `best` now loses more than its level and a margin, or less than that.
    trial : Change
        Evidence that `best` now loses less than whichever version serves.
    """

    number: int
    since: int
    last_seen: int
    counts_FC: Counts
    sample: Sample
    best: Champion | None = None
    level: RunningMean = field(default_factory=RunningMean)
    contradicted: bool = False
    differs: Change = field(default_factory=Change)
    agrees: Change = field(default_factory=Change)
    trial: Change = field(default_factory=Change)

    @property
    def rows(self) -> int:
        """How many rows it had."""
        return self.sample.seen

    def heard(self, loss_B: Float64, margin: float, run: float) -> Self:
        """Hold what `best` loses on fresh labels of inputs as these, shape (B,), against what it lost here.

        Evidence decides in both directions, each wrong at most once in `run` examples on average.
        """
        excess_B = loss_B - min(1.0, self.level.mean + margin + DOUBT * self.level.error)
        differs, agrees = self.differs.after(excess_B), self.agrees.after(-excess_B)
        if not self.contradicted and differs.exceeds(run):
            return replace(self, contradicted=True, differs=differs, agrees=Change())
        if self.contradicted and agrees.exceeds(run):
            return replace(self, contradicted=False, differs=Change(), agrees=agrees)
        return replace(self, differs=differs, agrees=agrees)

    def tried(self, gain_B: Float64) -> Self:
        """Take in by how much less `best` lost than the version that serves, shape (B,); nothing if they are one."""
        return replace(self, trial=self.trial.after(gain_B)) if gain_B.any() else self

    def doubts(self, lost: RunningMean, margin: float) -> bool:
        """Whether `best` lost so much on fresh rows that the regime may have ended there."""
        doubt = DOUBT * math.hypot(lost.error, self.level.error)
        return lost.count > 0 and lost.mean > self.level.mean + margin + doubt

    def with_level(self, window: Window, champion: Champion) -> Self:
        """Learn from a window what the best version loses in this regime, or that the champion is better."""
        if self.best is not None and self.best.digest == champion.digest:
            return replace(self, level=self.level.merged(window.champion_lost))
        if window.champion_is_better:
            return self.led_by(champion, window.champion_lost)
        return replace(self, level=self.level.merged(window.best_lost))

    def led_by(self, best: Champion, level: RunningMean) -> Self:
        """Take another version for the best."""
        return replace(self, best=best, level=level, differs=Change(), agrees=Change(), trial=Change())

    def closed(self) -> Self:
        """The regime has ended: what speaks for its return is counted from now."""
        return replace(self, agrees=Change(), trial=Change())

    def reopened(self) -> Self:
        """The regime is back."""
        return replace(self, contradicted=False, differs=Change(), agrees=Change())


def alike(concepts: Iterable[Concept], counts_FC: Counts, far: float) -> Concept | None:
    """The regime with such inputs that the present does not contradict; of several, which agrees most."""
    held = [concept for concept in concepts if not concept.contradicted]
    near = [concept for concept in held if distance(counts_FC, concept.counts_FC) <= far]
    return max(near, key=lambda concept: concept.agrees.log_sum, default=None)
