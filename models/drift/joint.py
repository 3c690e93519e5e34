"""Do the columns of a window, all together, differ from those of its reference? Tested on a sample of the rows.

Numbers are clipped to their range and brought to one scale over both sides, categories are one column for each of their
bins. What is missing counts as the mean: a change of the missing share is a matter of quality, so a column of which
much more or less is missing than before is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from models.drift.evidence import Evidence, Float64
from models.drift.sample import row_bytes, sampled_rows
from models.drift.sketch import SketchPlan
from models.drift.statistics.domain_classifier import domain_classifier_test
from models.drift.statistics.mmd import mmd_test, standardised
from models.drift.tally import Counts, Tally
from schemas.pipeline_drift import Drift as DriftSpec
from schemas.pipeline_drift import Kind

LEAST_ROWS: Final = 50
"""Of either sample: of fewer nothing is said."""
_SHOWN: Final = 5
_CELLS: Final = 4
_CPU: Final = torch.device("cpu")  # a GPU would sum in another order, and an event be another on another machine


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both samples in P columns of one scale; `column_P` says of which column of the vector each is."""

    reference_NP: Float64
    window_NP: Float64
    column_P: NDArray[np.intp]


def weigh_joint(plan: SketchPlan, spec: DriftSpec, kind: Kind, window: Tally, reference: Tally) -> Evidence:
    """Test all columns together, by each of `drift.joint.tests`.

    Parameters
    ----------
    plan : SketchPlan
    spec : DriftSpec
        With a section `joint`.
    kind : {"joint"}
    window, reference : Tally
        With samples; of fewer than `LEAST_ROWS` rows on a side, or without a column to test, nothing is said.

    Returns
    -------
    Evidence
        A row for each test, all at the column that moved most: in its mean, its spread, or how it goes with another.
    """
    joint = spec.joint
    assert joint is not None, "without a section `joint` nobody asks"
    bands = [getattr(joint, test) for test in joint.tests]
    sides = _sides(plan, spec, window, reference)
    told = bool(len(sides.column_P)) and min(len(sides.window_NP), len(sides.reference_NP)) >= LEAST_ROWS
    shown = _most_moved(sides) if told else (0,)
    permutations = math.ceil(2 * len(joint.tests) / spec.alpha)
    found = [_TESTS[test](sides, joint.seed, permutations) if told else (0.0, math.nan) for test in joint.tests]
    return Evidence(
        columns=(shown[0],) * len(found),
        tests=tuple(joint.tests),
        effect_T=np.array([effect for effect, _ in found]),
        p_T=np.array([p for _, p in found]),
        band_T=np.array([b.watch for b in bands]),
        act_T=np.array([b.act for b in bands]),
        shown=shown,
    )


def _mmd(sides: _Sides, seed: int, permutations: int) -> tuple[float, float]:
    found = mmd_test(sides.reference_NP, sides.window_NP, seed, permutations, device=_CPU)
    return math.sqrt(max(found.statistic, 0.0)), found.p_value


def _domain_classifier(sides: _Sides, seed: int, permutations: int) -> tuple[float, float]:
    found = domain_classifier_test(sides.reference_NP, sides.window_NP, seed)
    return max(2 * found.auc - 1, 0.0), found.p_value


_TESTS: Final[dict[str, Callable[[_Sides, int, int], tuple[float, float]]]] = {
    "mmd": _mmd,
    "domain_classifier": _domain_classifier,
}
"""For each test its effect size, and its p-value."""


def joint_shape(plan: SketchPlan, tally: Tally, anchor: Tally, shown: Sequence[int]) -> Counts:
    """Count the sampled rows in cells of two columns together, cut at the quartiles of `anchor`.

    Parameters
    ----------
    plan : SketchPlan
    tally, anchor : Tally
    shown : sequence of int
        Columns of the vector, of which the first two count.

    Returns
    -------
    ndarray of int64, shape (16,)
    """
    place_N: NDArray[np.intp] = np.zeros(len(tally.sample) // row_bytes(plan.width), np.intp)
    for column in shown[:2]:
        place_N = place_N * _CELLS + _cell(plan, column, tally, anchor)
    return np.bincount(place_N, minlength=_CELLS**2).astype(np.int64)


def _cell(plan: SketchPlan, column: int, tally: Tally, anchor: Tally) -> NDArray[np.intp]:
    value_N = sampled_rows(tally.sample, plan.width)[:, column]
    if column in plan.categories:
        return np.nan_to_num(value_N % _CELLS).astype(np.intp)
    known_N = sampled_rows(anchor.sample, plan.width)[:, column]
    known_N = known_N[np.isfinite(known_N)]
    cuts = np.quantile(known_N, [0.25, 0.5, 0.75]) if len(known_N) else np.zeros(_CELLS - 1)
    return np.searchsorted(cuts, np.nan_to_num(value_N, nan=-np.inf))


def _sides(plan: SketchPlan, spec: DriftSpec, window: Tally, reference: Tally) -> _Sides:
    window_NF, reference_NF = (sampled_rows(side.sample, plan.width) for side in (window, reference))
    columns = [f for f in range(plan.width) if _is_comparable(plan, spec, f, window_NF[:, f], reference_NF[:, f])]
    parts = [_encoded(plan, f, reference_NF[:, f], window_NF[:, f]) for f in columns]
    if not parts:
        return _Sides(np.zeros((len(reference_NF), 0)), np.zeros((len(window_NF), 0)), np.zeros(0, np.intp))
    return _Sides(
        np.concatenate([reference_NP for reference_NP, _ in parts], axis=1),
        np.concatenate([window_NP for _, window_NP in parts], axis=1),
        np.repeat(columns, [window_NP.shape[1] for _, window_NP in parts]),
    )


def _is_comparable(
    plan: SketchPlan, spec: DriftSpec, column: int, window_N: NDArray[np.float32], reference_N: NDArray[np.float32]
) -> bool:
    if spec.tests.columns.get(plan.names[column]) == "none" or not len(window_N) or not len(reference_N):
        return False
    missing = [float(np.isnan(side_N).mean()) for side_N in (window_N, reference_N)]
    return max(missing) < 1 and abs(missing[0] - missing[1]) <= spec.quality.watch


def _encoded(
    plan: SketchPlan, column: int, reference_N: NDArray[np.float32], window_N: NDArray[np.float32]
) -> tuple[Float64, Float64]:
    """One scale for all: two rows drawn by chance are as far apart in a number as two different categories are."""
    if column in plan.categories:
        bins_K = np.arange(plan.bins)
        one, other = ((side_N[:, None] % plan.bins == bins_K).astype(np.float64) for side_N in (reference_N, window_N))
        return one, other
    low, high = plan.low_F[column], plan.high_F[column]
    scaled = standardised(*(np.clip(side_N, low, high)[:, None] for side_N in (reference_N, window_N)))
    reference_N1, window_N1 = (np.nan_to_num(side_N1) for side_N1 in scaled)
    return reference_N1, window_N1


def _most_moved(sides: _Sides) -> tuple[int, ...]:
    """Columns of the vector by how far they moved: in mean, in spread, in correlation with another, the largest."""
    reference, window = sides.reference_NP, sides.window_NP
    moved_P = np.abs(window.mean(axis=0) - reference.mean(axis=0))
    moved_P = np.maximum(moved_P, np.abs(window.std(axis=0) - reference.std(axis=0)))
    turned_PP = np.abs(_correlations(window) - _correlations(reference))
    np.fill_diagonal(turned_PP, 0.0)
    moved_P = np.maximum(moved_P, turned_PP.max(axis=0))
    order_P = np.argsort(-moved_P, kind="stable")
    return tuple(int(f) for f in dict.fromkeys(sides.column_P[order_P].tolist()))[:_SHOWN]


def _correlations(x_NP: Float64) -> Float64:
    """Of columns that do not vary, 0."""
    centred_NP = x_NP - x_NP.mean(axis=0)
    spread_P = np.sqrt(np.square(centred_NP).sum(axis=0))
    unit_NP = centred_NP / np.where(spread_P > 0, spread_P, 1.0)
    found_PP: Float64 = unit_NP.T @ unit_NP
    return found_PP
