"""The answers that were seen, and the labels of those: what is unlabelled among them bounds every score."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.evaluation.unlabelled import PartlyLabelled, WholeScore
from schemas.decoded import Columns
from schemas.pipeline import Pipeline
from schemas.status import Status


class Cohort:
    """Answers as served from the first one seen in each partition on.

    Topics are read side by side: a label may be seen before its answer is. Those of answers before the first one seen,
    which retention has removed or which came before the watching began, are left out.

    Parameters
    ----------
    pipeline : Pipeline
    """

    def __init__(self, pipeline: Pipeline) -> None:
        target = pipeline.target
        self._outputs = target.outputs
        self._partly = PartlyLabelled(target.type, target.range or (-math.inf, math.inf))
        self._first: dict[int, int] = {}

    def answered(self, columns: Columns, partition_N: NDArray[np.int32], offset_N: NDArray[np.int64]) -> None:
        """Take in predictions; other answers are none."""
        for partition in np.unique(partition_N).tolist():
            self._first.setdefault(partition, int(offset_N[partition_N == partition].min()))
        predicted_N = columns["status"] <= Status.PRIOR
        self._partly.answered(_matrix(columns["output"], self._outputs)[predicted_N])

    def labelled(self, columns: Columns) -> None:
        """Take in examples. Those of a partition of which no answer was seen yet are believed to follow."""
        partition_N, offset_N = columns["partition"], columns["prediction_offset"]
        first_N = np.array([self._first.get(partition, -1) for partition in partition_N.tolist()], np.int64)
        ours_N = np.flatnonzero(offset_N >= first_N)
        self._partly.labelled(_matrix(columns["output"], self._outputs)[ours_N], columns["label"][ours_N])

    def scores(self) -> Mapping[str, WholeScore]:
        """Each figure over all of them."""
        return self._partly.scores()


def _matrix(column: NDArray[np.float32] | NDArray[np.object_], outputs: int) -> NDArray[np.float32]:
    """Answers as a matrix; what is not as wide as an answer is not a number."""
    if column.ndim == 2 and column.shape[1] == outputs:
        return np.asarray(column, np.float32)
    rows = [np.asarray(row, np.float32) for row in column]
    return np.array([row if len(row) == outputs else np.full(outputs, np.nan, np.float32) for row in rows])
