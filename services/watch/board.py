"""The learners side by side: what the process `baselines` wrote about itself and the answers as served."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import DataError
from services.watch.view import Point

SERVED = "served"
Figures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Score:
    """One learner: means over whole windows of the same labelled examples, and each window's figures."""

    name: str
    means: Figures
    windows: Sequence[Figures]


@dataclass(frozen=True, slots=True)
class Board:
    """All learners, the served one first. `complete`: every example was scored.

    `label_coverage` is the share of examples whose label came, not the default; None while that is not known.
    """

    scores: tuple[Score, ...] = ()
    scored: int = 0
    complete: bool = False
    label_coverage: float | None = None

    def courses(self, headline: str, times_ms: Sequence[float]) -> dict[str, list[Point]]:
        """Course of each baseline's headline figure; window i of all ends at ``times_ms[i]``."""
        return {score.name: _course(score, headline, times_ms) for score in self.scores if score.name != SERVED}


def _course(score: Score, headline: str, times_ms: Sequence[float]) -> list[Point]:
    values = (figures[headline] for figures in score.windows)
    return [(time, value) for time, value in zip(times_ms, values, strict=False) if value is not None]


def board_file(home: Path, pipeline: str) -> Path:
    """Where the board of a pipeline stands."""
    return home / "run" / f"{pipeline}.baselines.json"


def read_board(home: Path, pipeline: str) -> Board:
    """Read the board; empty while there is none.

    Raises
    ------
    DataError
        The file is something else.
    """
    file = board_file(home, pipeline)
    if not file.exists():
        return Board()
    try:
        return parse_board(file.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} cannot be read: {error!r}.", "Start `baselines` again.") from error


def parse_board(text: str) -> Board:
    """Read a board from JSON.

    Examples
    --------
    >>> text = '{"scorers": {"served": {"mean": {"roc_auc": 0.7}, "recent": []}}, "scored": 9, "complete": true}'
    >>> parse_board(text).scores[0].means["roc_auc"]
    0.7
    """
    data = json.loads(text)
    scores = tuple(Score(name, side["mean"], side["recent"]) for name, side in data["scorers"].items())
    return Board(scores, data["scored"], data["complete"], data.get("label_coverage"))
