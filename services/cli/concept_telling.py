"""What `anabranch concepts` tells. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.concepts.concept import Concept
from models.concepts.signature import distance
from models.protocol import Float32
from schemas.errors import DataError
from schemas.layout import Layout
from services.learner.kept_concepts import KeptConcepts

Row = dict[str, Any]


def rows_of(kept: KeptConcepts) -> list[Row]:
    """A row for each concept, by rising number."""
    return [_row(concept, kept) for concept in kept.all]


def remark(kept: KeptConcepts) -> str:
    """What to do if regimes end too soon for one to be banked; nothing if one is, or the first lasts."""
    if kept.closed or kept.open is None or kept.open.number == 1:
        return ""
    return (
        f"None of the {kept.open.number - 1} regimes before it is banked: each ended within two windows, or had no "
        "version. If inputs are never alike for longer, raise gate.concepts.distance, or gate.concepts.window."
    )


def shown(number: int, kept: KeptConcepts, layout: Layout) -> Row:
    """One concept in full.

    Raises
    ------
    DataError
        There is none of this number.
    """
    found = {concept.number: concept for concept in kept.all}
    if number not in found:
        there = f"It knows {', '.join(map(str, found))}." if found else "None was told apart yet."
        raise DataError(f"The bank holds no concept {number}.", there)
    concept = found[number]
    return {
        **_row(concept, kept),
        "evidence": {name: _finite(getattr(concept, name).log_sum) for name in ("differs", "agrees", "trial")},
        "distances": {other: _finite(distance(concept.counts_FC, c.counts_FC)) for other, c in found.items()},
        "sample": _labels(concept, layout),
        "inputs": _inputs(concept.sample.x_MF, layout.names, layout.buckets),
    }


def _row(concept: Concept, kept: KeptConcepts) -> Row:
    state = "contradicted" if concept.contradicted else "compatible"
    return {
        "number": concept.number,
        "state": "present" if concept is kept.open else state,
        "version": concept.best.number if concept.best else None,
        "digest": concept.best.digest if concept.best else None,
        "loss": _finite(concept.level.mean),
        "rows": concept.rows,
        "since": concept.since,
        "last_seen": concept.last_seen,
    }


def _labels(concept: Concept, layout: Layout) -> Row:
    y_M = concept.sample.y_M
    if layout.target != "regression":
        return {"rows": len(y_M), "labels": {str(int(y)): n for y, n in sorted(Counter(y_M.tolist()).items())}}
    return {"rows": len(y_M), "mean": float(y_M.mean()) if len(y_M) else None}


def _inputs(x_MF: Float32, names: Sequence[str], buckets: Sequence[int]) -> Row:
    return {name: _column(x_MF[:, place], bool(buckets[place])) for place, name in enumerate(names)}


def _column(values_M: Float32, is_category: bool) -> Row:
    """A category: how many codes; a number: quantiles."""
    present = values_M[~np.isnan(values_M)].astype(np.float64)
    missing = 1 - len(present) / len(values_M) if len(values_M) else None
    if is_category:
        return {"missing": missing, "codes": len(np.unique(present))}
    shares = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
    quantiles = {name: float(np.quantile(present, share)) if len(present) else None for name, share in shares.items()}
    return {"missing": missing, **quantiles}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
