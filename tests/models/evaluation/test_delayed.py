"""No answer knows a label that had not come, and nothing is learned in another order than the log's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.delayed import DelayedExamples, DelayedLearning, Scored
from models.protocol import Float32, Float64

WAIT_MS = 50.0


class Witness:
    """Answers with the number of examples learned so far, and remembers what it learned."""

    def __init__(self) -> None:
        self.learned: list[float] = []
        self.batches: list[int] = []

    def predict_many(self, x_BF: Float32) -> Float32:
        return np.full((len(x_BF), 1), len(self.learned), np.float32)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        self.learned += y_B.tolist()
        self.batches.append(len(y_B))


def examples(times: list[tuple[int, int]]) -> DelayedExamples:
    """Examples in the order of their labels; each is labelled by its number."""
    ordered = sorted(times, key=lambda pair: pair[0] + pair[1])
    request_B = np.array([start for start, _ in ordered], np.float64)
    label_B = np.array([start + delay for start, delay in ordered], np.float64)
    return DelayedExamples(np.zeros((len(ordered), 1), np.float32), np.arange(float(len(ordered))), request_B, label_B)


def run(log: DelayedExamples, batch: int, piece: int) -> tuple[Witness, list[Scored]]:
    witness = Witness()
    course = DelayedLearning(witness, outputs=1, width=1, batch=batch, wait_ms=WAIT_MS)
    scored = [s for i in range(0, len(log), piece) for s in course.add(log[i : i + piece])]
    return witness, [*scored, *course.finish()]


times = st.lists(st.tuples(st.integers(0, 300), st.integers(-5, int(WAIT_MS) - 1)), min_size=1, max_size=60)


@given(times=times, batch=st.integers(1, 9), piece=st.integers(1, 25))
@settings(max_examples=200)
def test_answers_know_just_the_batches_that_were_complete_at_request_time(
    times: list[tuple[int, int]], batch: int, piece: int
) -> None:
    log = examples(times)
    witness, scored = run(log, batch, piece)
    knew_B = np.concatenate([s.output_BK[:, 0] for s in scored])
    assert np.concatenate([s.y_B for s in scored]).tolist() == log.y_B.tolist()
    complete_at = [log.label_time_B[i : i + batch].max() for i in range(0, len(log), batch)]
    for row, (request, knew) in enumerate(zip(log.request_time_B, knew_B, strict=True)):
        learnable = sum(at <= request for at in complete_at) * batch
        # What is labelled before it is asked must not have been learned either.
        assert knew == min(learnable, row // batch * batch)
    assert witness.learned == log.y_B.tolist()


@given(times=times, batch=st.integers(1, 9), pieces=st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_the_size_of_the_pieces_changes_nothing(
    times: list[tuple[int, int]], batch: int, pieces: tuple[int, int]
) -> None:
    outcomes = [run(examples(times), batch, piece) for piece in pieces]
    answers = [np.concatenate([s.output_BK for s in scored]).tolist() for _, scored in outcomes]
    assert answers[0] == answers[1]
    assert outcomes[0][0].batches == outcomes[1][0].batches


def test_what_is_held_is_bounded_by_the_wait() -> None:
    log = examples([(t, 10) for t in range(2000)])
    course = DelayedLearning(Witness(), 1, 1, batch=10, wait_ms=WAIT_MS)
    held, given_back = 0, 0
    for row in range(len(log)):
        given_back += sum(len(s.y_B) for s in course.add(log[row : row + 1]))
        held = max(held, row + 1 - given_back)
    assert held <= WAIT_MS + 2 * 10
