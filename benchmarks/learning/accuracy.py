"""Accuracy under label delay: every learner on every stream, and what has been measured so far, on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.end_to_end.machine import load, machine
from benchmarks.learning.contestants import contestant
from benchmarks.learning.figures import by_window, figures
from benchmarks.learning.prequential import play
from benchmarks.learning.streams import Stream

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """One learner on one stream."""

    learner: str
    delay: int
    batch: int
    seed: int

    @property
    def key(self) -> str:
        """Under which its figures stand."""
        return f"{self.learner}, delay {self.delay}, batch {self.batch}"


def measured(trial: Trial, stream: Stream, tell: Callable[[int], None] | None = None) -> Result:
    """Run it: its figures, and what they were taken on.

    `events_per_cpu_s` is rows in a second of one processor, answering and learning, so that it hardly depends on what
    else the machine does.
    """
    before = load()
    played = play(contestant(trial.learner, stream, trial.delay, trial.seed), stream, trial.delay, trial.batch, tell)
    found = {name: round(value, 5) for name, value in figures(played.output_TK, stream.y_T, trial.delay).items()}
    return {
        "learner": trial.learner,
        "delay": trial.delay,
        "batch": trial.batch,
        "seed": trial.seed,
        "rows": len(stream),
        **found,
        "events_per_cpu_s": round(len(stream) / played.cpu_s),
        "by_window": [round(share, 3) for share in by_window(played.output_TK, stream.y_T)],
        "date": datetime.now(UTC).date().isoformat(),
        "load_before": before,
        "load_after": load(),
    }


def kept(file: Path) -> Result:
    """What earlier runs have written."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"streams": {}}


def keep(file: Path, stream: Stream, trial: Trial, found: Result) -> None:
    """Put a run in its place, at once: whoever stops the benchmark keeps what it has measured."""
    result = kept(file)
    of_stream = result["streams"].setdefault(stream.name, {"runs": {}})
    of_stream |= {"features": stream.x_TF.shape[1], "classes": stream.classes}
    taken = machine()
    of_stream["runs"][trial.key] = found | {"commit": taken.pop("commit")}
    _save(file, result | {"machine": taken})


def keep_forgetting(file: Path, scenario: str, learner: str, seed: int, found: Result) -> None:
    """Put a run of a scenario in its place, as `keep` does."""
    result, taken = kept(file), machine()
    runs = result.setdefault("forgetting", {}).setdefault(scenario, {}).setdefault(learner, {})
    runs[str(seed)] = found | {"date": datetime.now(UTC).date().isoformat(), "commit": taken.pop("commit")}
    _save(file, result | {"machine": taken})


def keep_recall(file: Path, replay: str, seed: int, found: Result) -> None:
    """Put a life with a concept that returned in its place."""
    result, taken = kept(file), machine()
    runs = result.setdefault("recall", {}).setdefault(replay, {})
    runs[str(seed)] = found | {"date": datetime.now(UTC).date().isoformat(), "commit": taken.pop("commit")}
    _save(file, result | {"machine": taken})


def _save(file: Path, result: Result) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
