"""Which answers and labels have a time that can be believed: one dated far ahead would time out all that wait.

Both inputs are held to `models.event_clock`, each partition on its own: what is further ahead than ``windows.max_jump``
is a dead letter, does not move the watermark, and is not waited for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.event_clock import SourceClock, advance
from schemas.decoded import Fault
from stream_jobs.label_join.rows import Answers


@dataclass(frozen=True, slots=True)
class BelievedAnswers:
    """The answers of one partition without the `faults`, those dated too far ahead; `row_A` are their rows."""

    answers: Answers
    row_A: NDArray[np.int64]
    clock: SourceClock
    faults: tuple[Fault, ...] = ()


def believed_answers(answers: Answers, row_A: NDArray[np.int64], clock: SourceClock, max_jump: int) -> BelievedAnswers:
    """Take the answers of a partition in order.

    What is no prediction is nowhere waited for, so it is kept whatever its time, be it NaN: it is remembered as if of
    the latest time that was believed when it came.
    """
    if not len(answers.ids):
        return BelievedAnswers(answers, row_A, clock)
    given_A = np.nan_to_num(answers.answer_A["request_time"], nan=-np.inf)
    after, believed_A = advance(clock, given_A, np.zeros(len(given_A), np.bool_), max_jump)
    keep_A = believed_A | ~answers.predicted_A
    reached_A = np.maximum.accumulate(np.append(clock.reached, np.where(believed_A, given_A, -np.inf)))[1:]
    doubtful_A = ~answers.predicted_A & ~(believed_A & np.isfinite(given_A))
    if doubtful_A.any():
        answers.answer_A["request_time"][doubtful_A] = reached_A[doubtful_A]
    faults = [jump_fault(int(row_A[i]), "request_time", given_A[i], max_jump) for i in np.flatnonzero(~keep_A)]
    kept_N = np.flatnonzero(keep_A)
    return BelievedAnswers(answers.rows(kept_N), row_A[kept_N], after, tuple(faults))


def jump_fault(row: int, name: str, time: float, max_jump: int) -> Fault:
    """Fault of a row dated too far ahead."""
    detail = f"{name} is {time:.0f}, more than {max_jump} ms ahead of its partition; see windows.max_jump"
    return Fault(row, "clock_jump", detail)
