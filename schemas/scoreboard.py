"""The scores of learners on the same examples, in the same order, with the same label delay: a small JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from schemas.errors import DataError

SERVED = "served"
"""Name under which the answers as served stand on the board."""


@dataclass(frozen=True, slots=True)
class Score:
    """One learner's figures: means over whole windows, None before the first.

    `history` holds for each window the event time (ms) of its newest label and the headline figure.
    """

    name: str
    means: dict[str, float | None]
    windows: int
    scored: int
    seconds: float
    history: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """All learners of a pipeline; `headline` names the figure to compare by."""

    pipeline: str
    headline: str
    scores: tuple[Score, ...]

    def to_json(self) -> str:
        """Write it for the file."""
        return json.dumps(asdict(self))


def scoreboard_file(home: Path, pipeline: str) -> Path:
    """Where the board of a pipeline stands."""
    return home / "baselines" / f"{pipeline}.json"


def parse_scoreboard(text: str) -> Scoreboard:
    """Read what `Scoreboard.to_json` wrote.

    Raises
    ------
    DataError
        It is something else.
    """
    try:
        data = json.loads(text)
        scores = tuple(
            Score(**{**score, "history": tuple((t, v) for t, v in score["history"])}) for score in data["scores"]
        )
        return Scoreboard(data["pipeline"], data["headline"], scores)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"The scores of the baselines cannot be read: {error!r}.", "Start `baselines` again."
        ) from error
