"""What is kept of a concept once another has come: backward transfer, the new concept, and the time to recover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from benchmarks.learning.figures import guesses
from benchmarks.learning.scenarios import Phase, Scenario
from benchmarks.learning.streams import Stream
from models.protocol import Learner

Result = dict[str, Any]
NEAR: Final = 0.01
"""A level is reached within a point of it."""


def accuracy_on(learner: Learner, held_out: Stream) -> float:
    """Share of rows answered right; nothing is learned."""
    return float((guesses(learner.predict_many(held_out.x_TF)) == held_out.y_T).mean())


def forgetting(learner: Learner, scenario: Scenario, batch: int, tell: Callable[[int], None] | None = None) -> Result:
    """Run a learner through the phases, all labels at once.

    Returns
    -------
    dict
        ``after``: accuracy on the held-out rows of each phase's concept after each phase. ``backward_transfer``: of
        the first concept, after the second less before it. ``new_concept``: of the second concept, after it.
        ``recovery_rows``: rows of the last phase until its held-out accuracy is within a point of what it was when
        the concept was first left, or, for a concept that is new, of what it is in the end; None: never.
    """
    held_out = {phase.concept: phase.held_out for phase in scenario.phases}
    after: list[dict[str, float]] = []
    for phase in scenario.phases:
        path = _learn(learner, phase, batch, tell)
        after.append({concept: accuracy_on(learner, rows) for concept, rows in held_out.items()})
    first, second, last = scenario.phases[0].concept, scenario.phases[1].concept, scenario.phases[-1].concept
    level = after[0][last] if last == first else after[-1][last]
    return {
        "after": [{concept: round(share, 4) for concept, share in shares.items()} for shares in after],
        "backward_transfer": round(after[1][first] - after[0][first], 4),
        "new_concept": round(after[1][second], 4),
        "recovery_rows": next((rows for rows, share in path if share >= level - NEAR), None),
    }


def _learn(learner: Learner, phase: Phase, batch: int, tell: Callable[[int], None] | None) -> list[tuple[int, float]]:
    """Rows learned, and held-out accuracy then: after each batch at first, later ever more rarely."""
    path: list[tuple[int, float]] = []
    x_TF, y_T, due = phase.learned.x_TF, phase.learned.y_T, 0
    for start in range(0, len(y_T), batch):
        learner.predict_many(x_TF[start : start + batch])
        learner.learn_many(x_TF[start : start + batch], y_T[start : start + batch])
        rows = min(start + batch, len(y_T))
        if rows >= due:
            path.append((rows, accuracy_on(learner, phase.held_out)))
            due = rows + max(batch, rows // 50)
        if tell is not None:
            tell(rows - start)
    return path
