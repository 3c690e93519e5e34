"""The concept bank: regimes told apart along the stream, each with a labelled sample and the best version there.

A regime ends when its inputs move (its histogram against that of the last window) or its answers do (what its best
version loses on the inputs it was at home with, against what it lost there before). What went before is banked. While
the present gives other answers to the same inputs, a banked regime is *contradicted*: no weights can satisfy both, so
nothing is held to it, but its version is kept, and tried again and again on fresh labels. All others are *compatible*.

References
----------
Gama, Kosina 2014: Recurrent concepts in data streams classification.
Widmer, Kubat 1996: Learning in the presence of concept drift and hidden contexts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from models.concepts.change import Change
from models.concepts.concept import Concept, alike
from models.concepts.forgetting import Predict, excess_of
from models.concepts.keeping import Kept, bank_of, bank_snapshot
from models.concepts.sample import Sample
from models.concepts.settings import BankSettings
from models.concepts.signature import BINS, Bins, Counts, Grid, at_home, counts_of, distance
from models.concepts.window import Window
from models.gate_duel import Champion
from models.protocol import Float32, Float64, Snapshot

_LEAST_WINDOWS: Final = 2
"""A regime that was shorter is not banked."""
_AT_HOME: Final = 0.5
"""Inputs are as in a regime if this share of a batch is where the regime was at home; at borders some always are."""
_YOUNG_WINDOWS: Final = 8
"""So long an open regime may still turn out to be one that is known."""


class Bank:
    """Tells regimes apart, and remembers them, in bounded memory. A pure function of the batches that it sees.

    Attributes
    ----------
    open : Concept or None
        The present regime; None during the first window.
    closed : tuple of Concept
        Banked, in the order of their numbers.
    numbers : int
        The last number used.
    """

    def __init__(self, settings: BankSettings) -> None:
        self.settings = settings
        self.grid: Grid | None = None
        self.open: Concept | None = None
        self.closed: tuple[Concept, ...] = ()
        self.numbers = 0
        self.examples = 0
        self.window = Window.empty(settings.width)

    def see(self, x_BF: Float32, y_B: Float64, champion: Champion | None, champion_B: Float64 | None) -> None:
        """Take in a fresh batch, and what the champion lost on it; both None while there is no champion."""
        self.examples += len(y_B)
        self.window = self.window.after(x_BF, y_B)
        if self.grid is not None and champion is not None and champion_B is not None:
            self._listen(x_BF, y_B, champion, champion_B)
        if self.open is not None and self.open.contradicted:
            self._close_open()
            self._begin()
        elif len(self.window) >= self.settings.rules.window:
            self._close_window(champion)

    def winner(self) -> Concept | None:
        """The regime whose version has shown to lose less than the champion on fresh labels, if there is one."""
        known = (*self.closed, *([self.open] if self.open is not None else []))
        tried = [concept for concept in known if concept.trial.begun]
        won = [concept for concept in tried if concept.trial.exceeds(self.settings.rules.run * len(tried))]
        return max(won, key=lambda concept: concept.trial.log_sum, default=None)

    def excess(self, predict: Predict, besides: int = 0) -> dict[int, float]:
        """By how much more than the best version a model may lose on each banked regime that is not contradicted.

        Parameters
        ----------
        predict : callable
            Of the model.
        besides : int
            Number of a regime to be left out.
        """
        held = [c for c in self.closed if not c.contradicted and c.number != besides]
        return excess_of(self.settings.loss, predict, held)

    def recalled(self, number: int) -> None:
        """The version of a regime serves again, because the regime is back; all trials begin anew."""
        for concept in self.closed:
            if concept.number == number:
                self._reopen(concept)
        self.retry()

    def retry(self, number: int = 0) -> None:
        """Begin the trial of one regime anew, for its version may not be recalled now; or of all."""
        again = {concept.number for concept in self.closed} if not number else {number}
        self.closed = tuple(replace(c, trial=Change()) if c.number in again else c for c in self.closed)
        if self.open is not None and number in (0, self.open.number):
            self.open = replace(self.open, trial=Change())

    def succeeded(self, former: Champion, champion: Champion, rows: int) -> None:
        """A version has proved itself on the last `rows`, or follows one that has.

        If it did so against the best one of the open regime, and within it, it leads it from now, at its predecessor's
        level: what follows a proof comes too soon for each to answer a whole window. In doubt nothing is changed, for
        the proof may be of the next regime.
        """
        led = self.open
        if led is None or led.best is None or led.best.digest != former.digest:
            return
        in_doubt = self._is_doubtful() or led.differs.exceeds(self.settings.rules.window)
        if self.examples - rows >= led.since and not in_doubt:
            # What speaks for another regime is kept: it holds of the level, and the next version may come any moment.
            self.open = replace(led, best=champion, trial=Change())

    @property
    def contradicted(self) -> tuple[int, ...]:
        """Numbers of the banked regimes that the present contradicts."""
        return tuple(concept.number for concept in self.closed if concept.contradicted)

    def snapshot(self) -> Snapshot:
        """All of its state."""
        return bank_snapshot(Kept(self.grid, self.window, self.open, self.closed, self.numbers, self.examples))

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            A version in it is no model.
        """
        kept = bank_of(snapshot)
        self.grid, self.window, self.open, self.closed = kept.grid, kept.window, kept.open, kept.closed
        self.numbers, self.examples = kept.numbers, kept.examples

    def _listen(self, x_BF: Float32, y_B: Float64, champion: Champion, champion_B: Float64) -> None:
        bins_BF = self._bins(x_BF)
        best_B: Float64 | None = None
        if self.open is not None and self.open.best is not None:
            best_B = self._losses(self.open.best, x_BF, y_B, champion, champion_B)
            self.open = self._heard(self.open, best_B, bins_BF).tried(champion_B - best_B)
        self.window = self.window.scored(champion.digest, champion_B, best_B)
        heard = []
        for concept in self.closed:
            assert concept.best is not None, "a regime is banked with a version"
            loss_B = self._losses(concept.best, x_BF, y_B, champion, champion_B)
            heard.append(self._heard(concept, loss_B, bins_BF).tried(champion_B - loss_B))
        self.closed = tuple(heard)

    def _heard(self, concept: Concept, loss_B: Float64, bins_BF: Bins) -> Concept:
        home_B = at_home(concept.counts_FC, bins_BF)
        if home_B.mean() < _AT_HOME:
            return concept
        return concept.heard(loss_B[home_B], self.settings.rules.margin, self.settings.rules.run)

    def _losses(self, best: Champion, x_BF: Float32, y_B: Float64, champion: Champion, champion_B: Float64) -> Float64:
        if best.digest == champion.digest:
            return champion_B
        return self.settings.loss(best.model.predict_many(x_BF), y_B)

    def _bins(self, x_BF: Float32) -> Bins:
        assert self.grid is not None, "asked for after the first window only"
        return self.grid.bins(x_BF[:, self.settings.columns])

    def _close_window(self, champion: Champion | None) -> None:
        if self.grid is None:
            columns, settings = self.settings.columns, self.settings
            self.grid = Grid.of(self.window.x_WF[:, columns], settings.buckets, settings.ranges)
            self._begin(keep=True)
        counts_FC = counts_of(self._bins(self.window.x_WF))
        assert self.open is not None, "opened with the grid"
        moved = self.open.rows > 0 and distance(counts_FC, self.open.counts_FC) > self.settings.rules.distance
        if moved:
            self._close_open()
            self._begin(keep=True)
        if self._is_young() and (known := alike(self.closed, counts_FC, self.settings.rules.distance)):
            self._reopen(known, keep=True)
        if self._is_doubtful():
            self.window = Window.empty(self.settings.width)
        else:
            self._absorb(counts_FC, champion)

    def _is_doubtful(self) -> bool:
        """Whether the regime may just have ended."""
        assert self.open is not None, "opened before"
        return self.open.doubts(self.window.best_lost, self.settings.rules.margin)

    def _absorb(self, counts_FC: Counts, champion: Champion | None) -> None:
        """The window belongs to the open regime."""
        assert self.open is not None, "opened before"
        window, concept = self.window, self.open
        concept = replace(
            concept,
            last_seen=self.examples,
            counts_FC=concept.counts_FC + counts_FC,
            sample=concept.sample.after(window.x_WF, window.y_W),
        )
        if champion is not None and champion.digest == window.champion:
            concept = concept.with_level(window, champion)
        self.open, self.window = concept, Window.empty(self.settings.width)

    def _begin(self, keep: bool = False) -> None:
        """Open a regime of its own; without `keep`, the rows of the window belong to neither."""
        self.numbers += 1
        settings = self.settings
        sample = Sample.empty(settings.rules.sample, settings.width, (settings.seed, self.numbers))
        counts_FC = np.zeros((len(settings.columns), BINS), np.int64)
        self.open = Concept(self.numbers, self.examples, self.examples, counts_FC, sample)
        self._cut_window(keep)

    def _reopen(self, concept: Concept, keep: bool = False) -> None:
        """Take up a regime again; one that had just begun was this one all along, and is not banked beside it."""
        self.closed = tuple(c for c in self.closed if c.number != concept.number)
        if not self._is_young():
            self._close_open()
        self.open = concept.reopened()
        self._cut_window(keep)

    def _is_young(self) -> bool:
        return self.open is not None and self.open.rows < _YOUNG_WINDOWS * self.settings.rules.window

    def _cut_window(self, keep: bool) -> None:
        empty = Window.empty(self.settings.width)
        self.window = replace(empty, x_WF=self.window.x_WF, y_W=self.window.y_W) if keep else empty

    def _close_open(self) -> None:
        """Bank the open regime if it was long enough and had a version; the one not seen for longest makes room."""
        concept, rules = self.open, self.settings.rules
        if concept is None or concept.best is None or concept.rows < _LEAST_WINDOWS * rules.window:
            return
        kept = sorted((*self.closed, concept.closed()), key=lambda c: c.last_seen)[-rules.size :]
        self.closed = tuple(sorted(kept, key=lambda c: c.number))
