"""How far each column of a window lies from its reference: effect sizes with their bands, and p-values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.drift.derived import Slice
from models.drift.sketch import SketchPlan
from models.drift.statistics.chi_squared import chi_squared
from models.drift.statistics.sketched import SketchedComparison, compare_sketches
from models.drift.tally import Counts, Tally
from schemas.pipeline_drift import Bands, Kind
from schemas.pipeline_drift import Drift as DriftSpec

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """T tests of the columns that a kind of drift shows in; arrays have shape (T,).

    `p_T` is NaN, and `effect_T` 0, where there were too few rows to test. `band_T` is above 0. `shown` are the columns
    to be shown, strongest first, if not those of the tests that pass.
    """

    columns: tuple[int, ...]
    tests: tuple[str, ...]
    effect_T: Float64
    p_T: Float64
    band_T: Float64
    act_T: Float64
    shown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compared:
    found: SketchedComparison
    edges_FE: Float64
    rows_F: NDArray[np.int64]


_EFFECTS: Final[dict[str, Callable[[_Compared], tuple[Float64, Float64]]]] = {
    "psi": lambda c: (c.found.psi_F, c.found.chi_squared_p_F),
    "ks": lambda c: (c.found.ks_F, c.found.ks_p_F),
    "wasserstein": lambda c: (c.found.wasserstein_F / (c.edges_FE[:, -1] - c.edges_FE[:, 0]), c.found.ks_p_F),
    "jensen_shannon": lambda c: (c.found.jensen_shannon_F, c.found.chi_squared_p_F),
    "chi_squared": lambda c: (np.sqrt(c.found.chi_squared_F / np.maximum(c.rows_F, 1)), c.found.chi_squared_p_F),
}
"""For each test its effect size, and the p-value of the test that looks at the same thing."""


def weigh(plan: SketchPlan, spec: DriftSpec, kind: Kind, window: Tally, reference: Tally) -> Evidence:
    """Compare a window with a reference in what one kind of drift changes.

    A covariate drift changes columns of the vector, a prior drift labels and outputs. A concept drift raises the
    error, of all rows or within a slice: that it falls is what learning is for, and no drift. A drift of quality
    raises the share of rows that are missing or out of range; the other kinds look at rows that are present.

    Parameters
    ----------
    plan : SketchPlan
        Of the source that `kind` is looked for in.
    spec : DriftSpec
    kind : {"covariate", "quality", "prior", "concept"}
    window, reference : Tally
    """
    if kind == "quality":
        return _quality(plan, spec, window, reference)
    compared = _Compared(
        compare_sketches(window.present_FK, reference.present_FK, plan.edges_FE),
        plan.edges_FE,
        window.present_FK.sum(axis=1) + reference.present_FK.sum(axis=1),
    )
    columns = [f for f in _columns(plan, kind) if (kind != "concept" or _has_risen(plan, f, window, reference))]
    tests = [_test_of(plan, spec, f) for f in columns]
    tested = [(f, test) for f, test in zip(columns, tests, strict=True) if test != "none"]
    found = [(_EFFECTS[test](compared), bands_of(spec, test), f) for f, test in tested]
    enough_F = np.minimum(window.present_FK.sum(axis=1), reference.present_FK.sum(axis=1)) >= spec.minimum
    told_T = np.array([enough_F[f] for f, _ in tested], bool)
    return Evidence(
        columns=tuple(f for f, _ in tested),
        tests=tuple(test for _, test in tested),
        effect_T=np.where(told_T, _floats([effect_F[f] for (effect_F, _), _, f in found]), 0.0),
        p_T=np.where(told_T, _floats([p_F[f] for (_, p_F), _, f in found]), np.nan),
        band_T=_floats([bands.watch for _, bands, _ in found]),
        act_T=_floats([bands.act for _, bands, _ in found]),
    )


def bands_of(spec: DriftSpec, test: str) -> Bands:
    """Bands of a test, by the name it has in an event."""
    of_quality = test in ("missing", "outside")
    bands: Bands = spec.quality if of_quality else getattr(spec, test)
    return bands


def _columns(plan: SketchPlan, kind: Kind) -> list[int]:
    of_kind = {"prior": ("label", "output"), "concept": ("error",)}.get(kind, plan.names[: plan.width])
    sliced = [plan.width + d for d, one in enumerate(plan.derived) if isinstance(one, Slice) and kind == "concept"]
    return [*(f for f, name in enumerate(plan.names[: plan.width]) if name in of_kind), *sliced]


def _test_of(plan: SketchPlan, spec: DriftSpec, column: int) -> str:
    """Test of a column; of the error within a slice, that of the error."""
    of_type = spec.tests.categories if column in plan.categories else spec.tests.numbers
    return spec.tests.columns.get(plan.names[column].partition("[")[0], of_type)


def _has_risen(plan: SketchPlan, column: int, window: Tally, reference: Tally) -> bool:
    return _mean(plan, column, window) > _mean(plan, column, reference)


def _mean(plan: SketchPlan, column: int, tally: Tally) -> float:
    middle_K = (plan.edges_FE[column, 1:] + plan.edges_FE[column, :-1]) / 2
    counts_K = tally.present_FK[column]
    return float(counts_K @ middle_K / max(int(counts_K.sum()), 1))


def _quality(plan: SketchPlan, spec: DriftSpec, window: Tally, reference: Tally) -> Evidence:
    watched = [f for f, name in enumerate(plan.names[: plan.width]) if spec.tests.columns.get(name) != "none"]
    pairs = ((window.missing_F, reference.missing_F), (window.outside_F, reference.outside_F))
    found = [_risen_share(*pair, window.rows, reference.rows) for pair in pairs]
    effect_T, p_T = (np.concatenate([side[watched] for side in sides]) for sides in zip(*found, strict=True))
    return Evidence(
        columns=tuple(watched * 2),
        tests=("missing",) * len(watched) + ("outside",) * len(watched),
        effect_T=effect_T,
        p_T=p_T,
        band_T=np.full(len(effect_T), spec.quality.watch),
        act_T=np.full(len(effect_T), spec.quality.act),
    )


def _risen_share(window_F: Counts, reference_F: Counts, rows: int, of_reference: int) -> tuple[Float64, Float64]:
    """How much larger a share of the window's rows is, and how likely that is by chance."""
    rise_F = window_F / max(rows, 1) - reference_F / max(of_reference, 1)
    window_F2 = np.stack([window_F, rows - window_F], axis=1)
    reference_F2 = np.stack([reference_F, of_reference - reference_F], axis=1)
    return np.maximum(rise_F, 0.0), chi_squared(window_F2, reference_F2)[1]


def _floats(values: list[float]) -> Float64:
    return np.array(values, np.float64)
