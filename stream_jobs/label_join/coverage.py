"""How good the answers are over all of them, labelled or not: what the join's metrics say of those it has read."""

from __future__ import annotations

import math

import numpy as np

from models.evaluation.unlabelled import PartlyLabelled
from schemas.pipeline import Pipeline
from stream_jobs.label_join.step import Step


def partly_labelled(pipeline: Pipeline) -> PartlyLabelled:
    """Nothing read yet."""
    target = pipeline.target
    return PartlyLabelled(target.type, target.range or (-math.inf, math.inf))


class Coverage:
    """Answers read since the partitions were assigned, with the labels that came for them; of all partitions together.

    Answers that were restored are left out, with their labels: of those that were joined before, nothing is known. A
    default at timeout counts as the label that the pipeline file says it is.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._parts: dict[int, PartlyLabelled] = {}
        self._first: dict[int, int] = {}

    def forget(self, partition: int) -> None:
        """Begin anew with a partition."""
        self._parts.pop(partition, None)
        self._first.pop(partition, None)

    def take(self, partition: int, step: Step) -> None:
        """Take in what a step admitted and joined."""
        part = self._parts.setdefault(partition, partly_labelled(self._pipeline))
        for answer_N in step.admitted:
            if len(answer_N):
                self._first.setdefault(partition, int(answer_N["offset"].min()))
                part.answered(answer_N["output"])
        first = self._first.get(partition, math.inf)
        for joined in step.joined:
            ours_N = np.flatnonzero(joined.answer_N["offset"] >= first)
            part.labelled(joined.answer_N["output"][ours_N], joined.label_N[ours_N])

    def gauges(self) -> dict[str, float]:
        """Metrics by name; none before the first answer."""
        whole = partly_labelled(self._pipeline)
        for part in self._parts.values():
            whole.merge(part)
        scores = whole.scores()
        told = {
            f"whole_score:{name}:{bound}": value
            for name, score in scores.items()
            for bound, value in score.as_dict().items()
        }
        return {"coverage_ratio": whole.coverage, **told} if scores else {}
