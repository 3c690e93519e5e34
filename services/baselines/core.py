"""A contest between the answers as served and learners that were not: scored side by side, pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from models.assembly import learner_of
from models.evaluation.delayed import DelayedExamples, DelayedLearning, Scored
from models.evaluation.delays import QUANTILES, LabelDelays
from models.evaluation.prequential import Prequential
from models.protocol import Float32, Float64
from schemas.examples import Examples
from schemas.layout import layout_of
from schemas.pipeline import Pipeline
from schemas.pipeline_learning import Baseline

SERVED: Final = "served"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A learner that answers each example with what it could have known at the request, and the scores of that.

    `width` is how much of the vector it sees: without windows, the columns of the request, which come first.
    """

    name: str
    width: int
    learning: DelayedLearning
    scores: Prequential

    def add(self, examples: Examples) -> Iterator[None]:
        """Take in the next examples; may be left off after each step, the rest is then lost."""
        seen = DelayedExamples(
            examples.features_BF[:, : self.width], examples.label_B, examples.request_time_B, examples.label_time_B
        )
        return self._score(self.learning.add(seen))

    def finish(self) -> Iterator[None]:
        """The log has ended: score what is held."""
        return self._score(self.learning.finish())

    def _score(self, batches: Iterable[Scored]) -> Iterator[None]:
        for batch in batches:
            self.scores.add(batch.output_BK, batch.y_B)
            yield


class Contest:
    """All baselines of a pipeline, and the answers as served.

    Everyone is scored on the same examples in the order of the log. Baselines hold examples back for about the
    join's `wait`; the answers as served are scored no further than the last of the others has come, so that the
    figures always stand for the same windows.

    Parameters
    ----------
    pipeline : Pipeline
        Names the baselines.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._target, self._window = pipeline.target, pipeline.learner.score_window
        self._contestants = tuple(self._contestant(pipeline, *item) for item in pipeline.learner.baselines.items())
        self._served, self._delays = self._scores(), LabelDelays()
        self._output_BK: Float32 = np.empty((0, pipeline.target.outputs), np.float32)
        self._label_B: Float64 = np.empty(0, np.float64)
        self.examples = 0

    def add(self, examples: Examples) -> Iterator[None]:
        """Take in the next examples of the log, a step at a time: run it to its end before anything else."""
        self.examples += len(examples)
        self._delays.answered(len(examples))
        self._delays.labelled((examples.label_time_B - examples.request_time_B)[examples.observed_B])
        self._output_BK = np.concatenate((self._output_BK, examples.output_BK))
        self._label_B = np.concatenate((self._label_B, examples.label_B))
        for contestant in self._contestants:
            yield from contestant.add(examples)
        self._score_served()

    def finish(self) -> Iterator[None]:
        """The log has ended: answer and score what is held, a step at a time. May be left off: then less is scored."""
        for contestant in self._contestants:
            yield from contestant.finish()
        self._score_served()

    @property
    def waiting(self) -> int:
        """Examples that are not yet scored by all."""
        return len(self._label_B)

    def figures(self) -> dict[str, Any]:
        """Figures over the windows that all have filled, for JSON: each scorer's mean, and each window's."""
        scorers = {SERVED: self._served, **{c.name: c.scores for c in self._contestants}}
        windows = min(scores.windows for scores in scorers.values())
        return {
            "examples": self.examples,
            "scored": self._served.scored,
            "window": self._window,
            "windows": windows,
            "label_coverage": _known({"": self._delays.coverage})[""],
            "label_delay_seconds": _known(self._delays.quantiles_s(QUANTILES)),
            "scorers": {name: _side(scores, windows) for name, scores in scorers.items()},
        }

    def _contestant(self, pipeline: Pipeline, name: str, baseline: Baseline) -> Contestant:
        rules, layout = pipeline.learner, layout_of(pipeline, baseline.windows)
        model, replay = baseline.model or pipeline.model, baseline.replay or rules.replay
        safeguards = baseline.safeguards or rules.safeguards
        if safeguards.anchor == "version":  # its versions are never published: they are where the served one's are
            safeguards = safeguards.model_copy(update={"anchor": rules.cadence})
        learner = learner_of(model, replay, layout, rules.seed, safeguards)
        # River's models learn one by one anyway; a batch would only let their answers grow old.
        batch = 1 if model.kind.startswith("river_") else rules.batch
        learning = DelayedLearning(learner, layout.outputs, layout.width, batch, pipeline.join.wait)
        return Contestant(name, layout.width, learning, self._scores())

    def _scores(self) -> Prequential:
        return Prequential(self._target.type, self._target.outputs, self._window)

    def _score_served(self) -> None:
        everyone = min((c.scores.scored for c in self._contestants), default=self.examples)
        due = everyone - self._served.scored
        self._served.add(self._output_BK[:due], self._label_B[:due])
        self._output_BK, self._label_B = self._output_BK[due:], self._label_B[due:]


def _side(scores: Prequential, windows: int) -> dict[str, Any]:
    """Figures of one scorer over the first windows, as far back as they are kept."""
    extra = scores.windows - windows
    recent = scores.recent()
    recent = recent[: len(recent) - extra]
    mean = scores.mean() if not extra else _means(recent)
    return {"mean": _known(mean), "recent": [_known(window) for window in recent]}


def _means(windows: list[Mapping[str, float]]) -> dict[str, float]:
    columns = {name: [w[name] for w in windows if math.isfinite(w[name])] for name in (windows[0] if windows else ())}
    return {name: sum(values) / len(values) if values else math.nan for name, values in columns.items()}


def _known(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
