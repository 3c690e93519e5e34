"""Who is ahead: each entrant's losses under the delay at which labels come, faded, and the shares that follow.

An answer is due when a request comes, from a model that has seen only the labels known by then: `delay` rows fewer than
when the row's own label is learned. So an entrant is judged by a copy of it frozen at least that many rows ago, else
whoever adapts fast, and wins with fresh labels, would serve where they come late.

Suffixes: B rows, K outputs, E entrants.

References
----------
Littlestone, Warmuth 1994: The weighted majority algorithm (shares fall exponentially with losses).
Herbster, Warmuth 1998: Tracking the best expert (losses of the past must fade, for the best one changes).
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from models.contest_block import Block
from models.contest_model import ContestModel
from models.protocol import Float32, Float64

_COPIES: Final = 4
"""Frozen copies in each span of a delay: rows are judged by one that is at most a fourth of the delay too old."""


def losses(answer_BEK: Float64, y_B: Float64) -> Float64:
    """1 where an entrant's likeliest class is not the label, else 0, (B, E).

    Examples
    --------
    >>> losses(np.array([[[0.9], [0.4]], [[0.2], [0.3]]]), np.array([1.0, 0.0])).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    guess_BE = answer_BEK[:, :, 0] > 0.5 if answer_BEK.shape[2] == 1 else answer_BEK.argmax(axis=2)
    return np.asarray(guess_BE != y_B[:, None], np.float64)


def shares_of(loss_E: Float64, eagerness: float) -> Float64:
    """Shares that sum to 1: each unit of loss more divides one's share by e^eagerness.

    Examples
    --------
    >>> shares_of(np.array([0.0, 100.0]), 0.1).round(4).tolist()
    [1.0, 0.0]
    """
    share_E = np.exp(-eagerness * (loss_E - loss_E.min()))
    return np.asarray(share_E / share_E.sum())


class Judge:
    """Keeps each entrant's faded losses, and what is needed to judge rows asked `delay` rows ago.

    Parameters
    ----------
    delay : int
        Rows that are learned between a request and the learning of its own label.
    fade : float
        Share of its weight that a loss keeps with each later row: 0.9995 remembers some 2,000 rows.
    """

    def __init__(self, entrants: int, delay: int, fade: float) -> None:
        self.loss_E = np.zeros(entrants)
        self.copies: deque[tuple[int, ContestModel]] = deque()
        self.rows = 0
        self._delay, self._fade = delay, fade
        self._step = max(1, delay // _COPIES)
        self.held = Block()

    def score(self, answer_BEK: Float64, y_B: Float64) -> None:
        """Let the losses of rows follow those of earlier ones."""
        weight_B = self._fade ** np.arange(len(y_B) - 1, -1, -1.0)
        self.loss_E[...] = self._fade ** len(y_B) * self.loss_E + weight_B @ losses(answer_BEK, y_B)

    def add(self, now: ContestModel, x_BF: Float32, y_B: Float64) -> None:
        """Take in rows that `now` is about to learn, and judge those that wait once they are enough.

        The arrays must not be changed any more.
        """
        if not self.held.rows:
            self.copies.append((self.rows, now.frozen()))
        self.held.add(x_BF, y_B)
        self.rows += len(y_B)
        if self.held.rows >= self._step:
            self._judge(*self.held.columns())

    def _judge(self, x_BF: Float32, y_B: Float64) -> None:
        self.held.clear()
        asked = self.rows - len(y_B) - self._delay
        while len(self.copies) > 1 and self.copies[1][0] <= asked:
            self.copies.popleft()
        frozen_at, model = self.copies[0]
        if frozen_at <= asked:
            self.score(model.answers(model.prepare(x_BF)), y_B)
