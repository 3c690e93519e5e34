"""What a score would be over all answers, also those that have no label yet: bounds that always hold, and a guess.

Labels that are late or never come are seldom like the others, so the mean over those that came may mislead. The bounds
take for each missing label the one that suits the answer worst, or best. The guess takes labels to be missing at random
among answers alike: where the model was as sure, what is unlabelled would score as what is labelled.

References
----------
Manski 1990: Nonparametric bounds on treatment effects.
Rubin 1976: Inference and missing data (missing at random).
Holt, Smith 1979: Post stratification.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64, Target

_LEAST: Final = 1e-7
_STRATA: Final = 10
FIGURES: Final[dict[Target, tuple[str, ...]]] = {
    "binary": ("accuracy", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("mae",),
}
HIGHER_IS_BETTER: Final = frozenset({"accuracy"})


@dataclass(frozen=True, slots=True)
class WholeScore:
    """A figure over all answers.

    Attributes
    ----------
    labelled : float
        Mean over the answers that have their label; NaN if none has.
    worst, best : float
        What it cannot be beyond, whatever the missing labels are; infinite for a regression without a range.
    at_random : float
        What it would be if labels were missing at random among answers alike; NaN if none has a label.
    """

    labelled: float
    worst: float
    best: float
    at_random: float

    def as_dict(self) -> dict[str, float]:
        """By name, for metrics and screens."""
        names = ("labelled", "worst", "best", "at_random")
        return {name: getattr(self, name) for name in names}


class PartlyLabelled:
    """Sums over answers and over labels, by stratum: neither the order nor which answer a label belongs to is kept.

    Parameters
    ----------
    target : {"binary", "multiclass", "regression"}
    bounds : (float, float)
        Between which a regression's labels lie; infinite if that is not known.

    Examples
    --------
    >>> answers = PartlyLabelled("binary")
    >>> answers.answered(np.array([[0.95], [0.8], [0.8], [0.3]], np.float32))
    >>> answers.labelled(np.array([[0.95], [0.8]], np.float32), np.array([1.0, 0.0]))
    >>> answers.coverage, answers.scores()["accuracy"]
    (0.5, WholeScore(labelled=0.5, worst=0.25, best=0.75, at_random=0.375))
    """

    def __init__(self, target: Target, bounds: tuple[float, float] = (-math.inf, math.inf)) -> None:
        self._target, self._bounds = target, bounds
        self._names = FIGURES[target]
        self._is_bounded = target != "regression" or math.isfinite(bounds[1] - bounds[0])
        shape = (len(self._names), _STRATA)
        self._answers_S, self._labels_S = np.zeros(_STRATA, np.int64), np.zeros(_STRATA, np.int64)
        self._sum_FS = np.zeros(shape)
        self._low_FS, self._high_FS = np.zeros(shape), np.zeros(shape)

    def answered(self, output_BK: Float32) -> None:
        """Take in answers, as served."""
        output_BK = _finite(output_BK)
        stratum_B = self._strata(output_BK)
        self._answers_S += np.bincount(stratum_B, minlength=_STRATA)
        self._missing(output_BK, stratum_B, 1)

    def labelled(self, output_BK: Float32, y_B: Float64) -> None:
        """Take in labels of answers that were taken in, or will be."""
        finite_B = np.isfinite(output_BK).all(axis=1)
        output_BK, y_B = output_BK[finite_B], y_B[finite_B]
        stratum_B = self._strata(output_BK)
        self._labels_S += np.bincount(stratum_B, minlength=_STRATA)
        self._missing(output_BK, stratum_B, -1)
        for figure, value_B in enumerate(self._values(output_BK, y_B)):
            self._sum_FS[figure] += np.bincount(stratum_B, value_B, _STRATA)

    def merge(self, other: PartlyLabelled) -> None:
        """Take in what another has seen: the same as having seen it all."""
        self._answers_S += other._answers_S
        self._labels_S += other._labels_S
        self._sum_FS += other._sum_FS
        self._low_FS += other._low_FS
        self._high_FS += other._high_FS

    @property
    def coverage(self) -> float:
        """Share of the answers that have their label; NaN before the first."""
        answers = int(np.maximum(self._answers_S, self._labels_S).sum())
        return int(self._labels_S.sum()) / answers if answers else math.nan

    def scores(self) -> Mapping[str, WholeScore]:
        """Each figure; none before the first answer."""
        if math.isnan(self.coverage):
            return {}
        return {name: self._score(figure, name) for figure, name in enumerate(self._names)}

    def _score(self, figure: int, name: str) -> WholeScore:
        missing_S = np.maximum(self._answers_S - self._labels_S, 0)
        count, labels = int(missing_S.sum() + self._labels_S.sum()), int(self._labels_S.sum())
        known_S = self._sum_FS[figure]
        mean = float(known_S.sum()) / labels if labels else math.nan
        low, high = (
            (float(known_S.sum()) + float(side_FS[figure][missing_S > 0].sum())) / count
            for side_FS in (self._low_FS, self._high_FS)
        )
        if missing_S.any() and not self._is_bounded:
            high = math.inf
        mean_S = np.where(self._labels_S > 0, known_S / np.maximum(self._labels_S, 1), mean)
        guess = (float(known_S.sum()) + float((missing_S * mean_S).sum())) / count
        worst, best = (low, high) if name in HIGHER_IS_BETTER else (high, low)
        return WholeScore(mean, worst, best, guess)

    def _missing(self, output_BK: Float32, stratum_B: NDArray[np.int64], sign: int) -> None:
        """Add what answers score at least and at most while their label is missing; take it away when it comes."""
        for figure, (low_B, high_B) in enumerate(self._extremes(output_BK)):
            self._low_FS[figure] += sign * np.bincount(stratum_B, low_B, _STRATA)
            self._high_FS[figure] += sign * np.bincount(stratum_B, high_B, _STRATA)

    def _strata(self, output_BK: Float32) -> NDArray[np.int64]:
        """Answers alike: by the probability of 1, that of the class they chose, or where in the range they lie."""
        top_B = output_BK.max(axis=1).astype(np.float64)
        if self._target == "regression":
            low, high = self._bounds
            top_B = (top_B - low) / (high - low) if self._is_bounded else np.zeros_like(top_B)
        return np.asarray(np.clip(top_B * _STRATA, 0, _STRATA - 1), np.int64)

    def _values(self, output_BK: Float32, y_B: Float64) -> tuple[Float64, ...]:
        if self._target == "regression":
            return (np.abs(output_BK[:, 0].astype(np.float64) - y_B),)
        share_BK = _shares(self._target, output_BK)
        given_B = share_BK[np.arange(len(y_B)), y_B.astype(np.int64)]
        return (share_BK.argmax(axis=1) == y_B).astype(np.float64), _log_loss(given_B)

    def _extremes(self, output_BK: Float32) -> tuple[tuple[Float64, Float64], ...]:
        """Least and greatest value of each figure over all labels that an answer could get."""
        if self._target == "regression":
            value_B, (low, high) = output_BK[:, 0].astype(np.float64), self._bounds
            if not self._is_bounded:
                return ((np.zeros_like(value_B), np.zeros_like(value_B)),)
            beside_B = np.maximum(np.maximum(low - value_B, value_B - high), 0)
            return ((beside_B, np.maximum(np.abs(value_B - low), np.abs(high - value_B))),)
        share_BK = _shares(self._target, output_BK)
        never_B = np.zeros(len(share_BK))
        return (never_B, never_B + 1), (_log_loss(share_BK.max(axis=1)), _log_loss(share_BK.min(axis=1)))


def _finite(output_BK: Float32) -> Float32:
    return output_BK[np.isfinite(output_BK).all(axis=1)]


def _shares(target: Target, output_BK: Float32) -> Float64:
    share_BK = output_BK.astype(np.float64)
    return np.concatenate((1 - share_BK, share_BK), 1) if target == "binary" else share_BK


def _log_loss(given_B: Float64) -> Float64:
    return np.asarray(-np.log(np.clip(given_B, _LEAST, 1.0)))
