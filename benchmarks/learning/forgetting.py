"""What is kept of a concept once another has come: backward transfer, the new concept, and the time to recover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from benchmarks.learning.figures import guesses
from benchmarks.learning.scenarios import Phase, Scenario
from benchmarks.learning.streams import Stream
from models.protocol import Float32, Learner

Result = dict[str, Any]
Path = list[tuple[int, float]]
"""Rows learned of a phase, and the share of held-out rows of its concept that are answered right then."""
NEAR: Final = 0.01
"""A level is reached within a point of it."""
SOON: Final = 200
"""So many rows after its return a concept ought to be answered as before."""


class Answering(Protocol):
    """Whatever answers."""

    def predict_many(self, x_BF: Float32) -> Float32: ...


def accuracy_on(learner: Answering, held_out: Stream) -> float:
    """Share of rows answered right; nothing is learned."""
    return float((guesses(learner.predict_many(held_out.x_TF)) == held_out.y_T).mean())


def forgetting(
    learner: Learner,
    scenario: Scenario,
    batch: int,
    tell: Callable[[int], None] | None = None,
    begin: Callable[[int], None] | None = None,
) -> Result:
    """Run a learner through the phases, all labels at once.

    Parameters
    ----------
    tell : callable, optional
        Is told how many rows were learned.
    begin : callable, optional
        Is told the place of each phase that begins, from 0.

    Returns
    -------
    dict
        As `told` says.
    """
    held_out = {phase.concept: phase.held_out for phase in scenario.phases}
    after, tracks = list[dict[str, float]](), list[Path]()
    for place, phase in enumerate(scenario.phases):
        if begin is not None:
            begin(place)
        tracks.append(_learn(learner, phase, batch, tell))
        after.append({concept: accuracy_on(learner, rows) for concept, rows in held_out.items()})
    return told(scenario, after, tracks)


def told(scenario: Scenario, after: list[dict[str, float]], tracks: list[Path]) -> Result:
    """Sum up accuracy on each concept's held-out rows after each phase, and the path of each phase.

    Returns
    -------
    dict
        ``after``: the shares. ``backward_transfer``: of the first concept, after the second less before it.
        ``new_concept``: of the second concept, after it. ``new_rows``: rows of the second phase until its concept is
        answered as well as `scenario.reach`. ``recovery_rows``: rows of the last phase until the concept that has
        returned with it is answered within a point of what it was when it was left. ``returned``: accuracy on it after
        at most `SOON` rows. None: never.
    """
    first, second = scenario.phases[0].concept, scenario.phases[1].concept
    return {
        "after": [{concept: round(share, 4) for concept, share in shares.items()} for shares in after],
        "backward_transfer": round(after[1][first] - after[0][first], 4),
        "new_concept": round(after[1][second], 4),
        "new_rows": rows_to(tracks[1], scenario.reach),
        "recovery_rows": rows_to(tracks[-1], after[0][first] - NEAR),
        "returned": round([share for rows, share in tracks[-1] if rows <= SOON][-1], 4),
    }


def rows_to(track: Path, level: float) -> int | None:
    """Rows until a level is reached; None: never."""
    return next((rows for rows, share in track if share >= level), None)


def due_after(rows: int, batch: int) -> int:
    """When to ask next: after each batch at first, later ever more rarely."""
    return rows + max(batch, rows // 50)


def _learn(learner: Learner, phase: Phase, batch: int, tell: Callable[[int], None] | None) -> Path:
    track: Path = []
    x_TF, y_T, due = phase.learned.x_TF, phase.learned.y_T, 0
    for start in range(0, len(y_T), batch):
        learner.predict_many(x_TF[start : start + batch])
        learner.learn_many(x_TF[start : start + batch], y_T[start : start + batch])
        rows = min(start + batch, len(y_T))
        if rows >= due:
            track.append((rows, accuracy_on(learner, phase.held_out)))
            due = due_after(rows, batch)
        if tell is not None:
            tell(rows - start)
    return track
