"""Learning with the true delay of labels, from examples alone.

An example arrives when its label does, but its answer was due at request time, from a model that had learned
only what was labelled by then. So examples wait until every answer that was due before a batch could be learned is
known to have come; then those answers are given, and the batch is learned. The order of learning is that of the log.

References
----------
Plasse, Adams 2016: Handling delayed labels in temporally evolving data streams.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from models.protocol import Float32, Float64, Learner


@dataclass(frozen=True, slots=True)
class DelayedExamples:
    """Columns of B examples in log order; times are ms since 1970."""

    x_BF: Float32
    y_B: Float64
    request_time_B: Float64
    label_time_B: Float64

    def __len__(self) -> int:
        return len(self.y_B)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(*(getattr(self, column.name)[rows] for column in fields(self)))

    def followed_by(self, other: Self) -> Self:
        """Join two stretches of the log."""
        pairs = ((getattr(self, column.name), getattr(other, column.name)) for column in fields(self))
        return type(self)(*map(np.concatenate, pairs))


@dataclass(frozen=True, slots=True)
class Scored:
    """Answers that were given in time, beside their labels, in log order."""

    output_BK: Float32
    y_B: Float64


class DelayedLearning:
    """Lets a learner answer and learn a stream of examples in the order of its days.

    Parameters
    ----------
    learner : Learner
    outputs, width : int
        K and F.
    batch : int
        Examples in each update, cut by count in the log.
    wait_ms : float
        The join's `wait`: no label comes later than that after its request. Examples of about so long are held.
    """

    def __init__(self, learner: Learner, outputs: int, width: int, batch: int, wait_ms: float) -> None:
        self._learner, self._batch, self._wait_ms = learner, batch, wait_ms
        no_times = np.empty(0, np.float64)
        self._held = DelayedExamples(np.empty((0, width), np.float32), no_times, no_times, no_times)
        self._output_BK = np.empty((0, outputs), np.float32)
        self._watermark = -math.inf
        self._learned_through = -math.inf

    def add(self, examples: DelayedExamples) -> Iterator[Scored]:
        """Take in the next examples of the log; yield each batch that could be answered and learned."""
        self._held = self._held.followed_by(examples)
        unanswered = np.full((len(examples), self._output_BK.shape[1]), np.nan, np.float32)
        self._output_BK = np.concatenate((self._output_BK, unanswered))
        self._watermark = max(self._watermark, float(examples.label_time_B.max(initial=-math.inf)))
        while len(self._held) >= self._batch and self._learnable_at() <= self._watermark - self._wait_ms:
            yield self._advance(self._batch)

    def finish(self) -> Iterator[Scored]:
        """The log has ended: answer and learn all that is held."""
        while len(self._held):
            yield self._advance(min(self._batch, len(self._held)))

    def _learnable_at(self) -> float:
        """Event time at which the next batch is complete."""
        return max(self._learned_through, float(self._held.label_time_B[: self._batch].max()))

    def _advance(self, size: int) -> Scored:
        self._learned_through = self._learnable_at()
        due_H = self._held.request_time_B < self._learned_through
        due_H[:size] = True  # a label that came before its request
        due_H &= np.isnan(self._output_BK[:, 0])
        if due_H.any():
            self._output_BK[due_H] = self._learner.predict_many(self._held.x_BF[due_H])
        scored = Scored(self._output_BK[:size], self._held.y_B[:size])
        self._learner.learn_many(self._held.x_BF[:size], self._held.y_B[:size])
        self._held, self._output_BK = self._held[size:], self._output_BK[size:]
        return scored
