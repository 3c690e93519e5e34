"""What must be true of a pipeline's models, checked on what was read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from adapters.ports import ModelPointer
from models.protocol import ServedModel

TOLERANCE = 1e-6
"""Furthest that an answer computed again may be from the one recorded: another processor sums in another order."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check, whether it holds, and on what or why not."""

    check: str
    holds: bool
    what: str


def check_numbers(numbers: Sequence[int]) -> Finding:
    """Version numbers rise along the versions topic, each used once.

    Examples
    --------
    >>> check_numbers([1, 2, 2]).what
    '2 comes after 2'
    """
    falls = [f"{b} comes after {a}" for a, b in pairwise(numbers) if b <= a]
    return Finding("numbers rise", not falls, "; ".join(falls) or f"{len(numbers)} versions announced")


def check_pointer(pointer: ModelPointer | None, published: Mapping[int, str]) -> Finding:
    """The store's pointer is the newest version that was announced as published, or one being announced just now."""
    newest = max(published, default=0)
    if pointer is None:
        return Finding(
            "pointer", not newest, f"the store has none, but version {newest} was published" if newest else "none yet"
        )
    found = f"version {pointer.number}, {pointer.digest[:12]}"
    if pointer.number < newest:
        return Finding("pointer", False, f"the store stands at {found}, but version {newest} was published")
    announced = published.get(pointer.number, pointer.digest)
    holds = announced == pointer.digest
    return Finding("pointer", holds, found if holds else f"{found}, but {announced[:12]} was announced")


def check_digests(stored: Mapping[int, str], announced: Mapping[int, str]) -> Finding:
    """Every version in the store is the one that was announced under its number."""
    other = [number for number, digest in stored.items() if announced.get(number, digest) != digest]
    return Finding(
        "stored as announced", not other, f"other digests: {other}" if other else f"{len(stored)} versions in the store"
    )


def worst_difference(model: ServedModel, x_BF: NDArray[np.float32], output_BK: NDArray[np.float32]) -> float:
    """Compute answers again and return the greatest difference from those recorded; NaN never equals."""
    if not len(x_BF):
        return 0.0
    difference_BK = np.abs(model.predict_many(x_BF).astype(np.float64) - output_BK)
    return float(np.where(np.isnan(difference_BK), np.inf, difference_BK).max())


def check_recomputed(differences: Mapping[int, float], rows: int) -> Finding:
    """Recorded answers come out again from the recorded vectors; `differences` holds the worst by version."""
    wrong = [f"version {number} by {d:.3g}" for number, d in differences.items() if d > TOLERANCE]
    what = (
        f"{rows} answers of {len(differences)} versions, worst difference {max(differences.values(), default=0.0):.2g}"
    )
    return Finding("answers come out again", not wrong, "; ".join(wrong) or what)
