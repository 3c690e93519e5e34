"""Test, then train, with labels that come late: the same for every learner.

Rows come in micro-batches. A batch is answered whole, before any of its labels is known; then every row is learned
whose label has come by then: all up to `delay` rows before the batch's end. With one row in each batch and no delay
that is the prequential protocol of the literature.

References
----------
Gama, Sebastião, Rodrigues 2013: On evaluating stream learning algorithms.
Plasse, Adams 2016: Handling delayed labels in temporally evolving data streams.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.learning.streams import Stream
from models.protocol import Float32, Learner


@dataclass(frozen=True, slots=True)
class Played:
    """What a learner answered, (T, K), and the processor time it took, seconds."""

    output_TK: Float32
    cpu_s: float


def play(learner: Learner, stream: Stream, delay: int, batch: int, tell: Callable[[int], None] | None = None) -> Played:
    """Run a learner over a stream.

    Parameters
    ----------
    delay : int
        Rows by which labels come late, 0 or more.
    batch : int
        Rows in each micro-batch, 1 or more.
    tell : callable, optional
        Is told now and then how many rows are done.
    """
    rows, learned = len(stream), 0
    output_TK = np.empty((rows, stream.outputs), np.float32)
    started, told = time.process_time(), 0
    for start in range(0, rows, batch):
        end = min(start + batch, rows)
        output_TK[start:end] = learner.predict_many(stream.x_TF[start:end])
        known = max(end - delay, 0)
        if known > learned:
            learner.learn_many(stream.x_TF[learned:known], stream.y_T[learned:known])
            learned = known
        if tell is not None and end - told >= 500:
            tell(end - told)
            told = end
    return Played(output_TK, time.process_time() - started)
