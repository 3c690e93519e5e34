"""Rules of the key `drift.edges`: which columns may have edges, and where those may lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from schemas.drift_rules import LABEL_COLUMNS

if TYPE_CHECKING:
    from schemas.pipeline import Pipeline, Target


def label_columns(target: Target) -> dict[str, tuple[int, tuple[float, float]]]:
    """For each of `LABEL_COLUMNS` its category codes (0: a number) and, if it is one, its range."""
    low, high = target.range or (0.0, 1.0)
    codes = {"binary": 2, "multiclass": target.outputs, "regression": 0}[target.type]
    outputs = target.outputs if target.type == "multiclass" else 0
    found = (codes, (low, high)), (outputs, (low, high)), (0, (0.0, high - low))
    return dict(zip(LABEL_COLUMNS, found, strict=True))


def edges_of(pipeline: Pipeline, names: tuple[str, ...], labels: bool) -> Mapping[str, tuple[float, ...]]:
    """Pick those of the label columns, or of the vector's, which are `names`; a name that both have is the vector's."""
    mine = {name for name in LABEL_COLUMNS if name not in names} if labels else {*names}
    return {name: edges for name, edges in pipeline.drift.edges.items() if name in mine}


def edge_faults(pipeline: Pipeline, vector: Mapping[str, tuple[int, tuple[float, float]]]) -> Iterator[str]:
    """Find what is wrong with `drift.edges`, given the category codes (0: a number) and range of each vector column."""
    known, bins = label_columns(pipeline.target) | dict(vector), pipeline.drift.bins
    for name, edges in pipeline.drift.edges.items():
        at = f"drift.edges.{name}"
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield f"{at}: no such column; {f'did you mean {near[0]!r}?' if near else 'known: ' + ', '.join(known)}"
        elif known[name][0]:
            yield f"{at}: a category has no edges, for its codes have no order; leave it out"
        elif len(edges) >= bins:
            yield f"{at}: {len(edges)} edges make {len(edges) + 1} bins; give at most {bins - 1}, or raise `drift.bins`"
        else:
            yield from _misplaced(at, edges, known[name][1])


def _misplaced(at: str, edges: tuple[float, ...], bounds: tuple[float, float]) -> Iterator[str]:
    """Compare as sketches do: in 32 bits, which is what a vector has."""
    inner, (low, high) = [np.float32(edge) for edge in edges], (np.float32(bound) for bound in bounds)
    for one, other in pairwise(edges):
        if np.float32(one) >= np.float32(other):
            yield f"{at}: {other} follows {one}; edges must rise strictly, as 32-bit floats; sort them, or drop one"
            return
    if outside := [edge for edge, at32 in zip(edges, inner, strict=True) if not low < at32 < high]:
        yield (
            f"{at}: {outside[0]} is not inside of the column's range, {bounds[0]:g} to {bounds[1]:g}, whose ends are "
            "edges already; leave it out, or widen the range"
        )
