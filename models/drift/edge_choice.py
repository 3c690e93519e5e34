"""Which inner edges the bins of a column should have: those between which its rows are spread evenly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.drift.histograms import sketch_rows
from models.drift.sketch import LABELS, labels_plan, predictions_plan
from models.drift.statistics.bins import counts_of_sorted, quantile_edges
from schemas.pipeline import Pipeline

Float32 = NDArray[np.float32]

_BEYOND: Final = 1e-3
"""Part of the range by which a bin ends above the largest value seen, if that has a bin of its own."""
_FULLER: Final = 2.0
_DECIMALS: Final = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """Edges chosen for a column, of which `rows` are there; none, if it has no value that two bins could lie about.

    `fullest_even` and `fullest` are the shares of these rows in the fullest bin, of equal width and between the edges.
    """

    column: str
    edges: tuple[float, ...]
    rows: int
    fullest_even: float
    fullest: float

    @property
    def matters(self) -> bool:
        """Whether bins of equal width tell much less."""
        return bool(self.edges) and self.fullest_even >= _FULLER * self.fullest


def choices_of(pipeline: Pipeline, source: str, x_BF: Float32) -> tuple[Choice, ...]:
    """Choose edges for the numbers of a source, whatever the pipeline file has for them.

    Parameters
    ----------
    pipeline : Pipeline
    source : {"predictions", "labels"}
    x_BF : ndarray of float32, shape (B, F)
        Its columns, NaN where missing.
    """
    without: dict[str, object] = {"edges": {}, "slices": {}, "expectations": ()}
    bare = pipeline.model_copy(update={"drift": pipeline.drift.model_copy(update=without)})
    plan = labels_plan(bare) if source == LABELS else predictions_plan(bare)
    counts_FB = sketch_rows(plan, x_BF, np.zeros(len(x_BF), np.intp), 1)[0]
    found: list[Choice] = []
    for f in np.setdiff1d(np.arange(plan.width), plan.categories).tolist():
        low, high = float(plan.low_F[f]), float(plan.high_F[f])
        rising_R = np.sort(np.clip(x_BF[~np.isnan(x_BF[:, f]), f], plan.low_F[f], plan.high_F[f]))
        edges = chosen_edges(rising_R, low, high, plan.bins)
        count, most = len(rising_R), int(counts_FB[f, :-1].max())
        fullest = int(counts_of_sorted(rising_R, np.array(edges)).max())
        found.append(Choice(plan.names[f], edges, count, most / max(count, 1), fullest / max(count, 1)))
    return tuple(found)


def chosen_edges(rising_R: Float32, low: float, high: float, bins: int) -> tuple[float, ...]:
    """Edges at the quantiles of a column, as `quantile_edges` has them, but in few digits.

    Behind a value seen and up to the next one, an edge may be anywhere: the bins hold the same rows.

    Parameters
    ----------
    rising_R : ndarray of float32, shape (R,)
        Rising, from `low` to `high`.
    low, high : float
        The column's range.
    bins : int
        At least 2.

    Returns
    -------
    tuple of float
        Strictly rising as float32, inside of the range, at most `bins` − 1; none of an empty sample.

    Examples
    --------
    >>> chosen_edges(np.array([0, 0, 0, 0, 1, 1, 2, 9], np.float32), 0, 100, 4)
    (1.0, 2.0)
    >>> chosen_edges(np.array([0.12, 0.1434, 0.29, 0.31], np.float32), 0, 100, 4)
    (0.14, 0.2, 0.3)
    >>> chosen_edges(np.full(5, 3, np.float32), 0, 100, 4)
    (3.0, 3.1)
    """
    if not len(rising_R):
        return ()
    last = rising_R[-1]
    beyond = np.maximum(np.float32(last + _BEYOND * (high - low)), np.nextafter(last, np.float32(np.inf)))
    seen_V = np.unique(np.concatenate([[np.float32(low)], rising_R, [beyond]]))
    at_E = np.unique(np.searchsorted(seen_V.astype(np.float64), quantile_edges(rising_R.astype(np.float64), bins)))
    found = [_shortest(seen_V[at - 1], seen_V[at]) for at in at_E.tolist() if at]
    return tuple(edge for edge in found if np.float32(edge) < np.float32(high))[: bins - 1]


def _shortest(above: np.float32, through: np.float32) -> float:
    """Number of fewest decimals that is above the one and at most the other, as 32-bit floats."""
    for decimals in range(_DECIMALS):
        lower = math.floor(float(through) * 10.0**decimals) / 10.0**decimals
        for found in (lower, round(float(through), decimals)):
            if above < np.float32(found) <= through:
                return found
    return float(str(through))  # 0.1, not 0.10000000149011612: it is the same in 32 bits
