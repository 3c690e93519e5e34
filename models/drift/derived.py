"""Columns of a sketch that are made of others: whether an expectation holds, and the error within a slice.

Being columns, they have histograms like all others, and are added and merged as those are. A row that does not belong
is missing in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.hashing import hash64
from schemas.pipeline_drift_expectations import (
    Arriving,
    Between,
    EqualPair,
    Expectation,
    GreaterPair,
    InSet,
    NotNull,
    Recent,
)

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Seen:
    """B rows of F columns, the vectors that they were answered on (of predictions, the rows themselves), and their age.

    `age_B`, ms, is how long before its request a row's online features were read, of labels how long after it they
    are; NaN if they were not.
    """

    x_BF: Float32
    vector_BV: Float32
    age_B: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """An expectation of columns at these places; `codes` are those of its value set."""

    expectation: Expectation
    places: tuple[int, ...]
    codes: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """As a column."""
        return self.expectation.type

    def values(self, seen: Seen) -> Float32:
        """1 where it fails, 0 where it holds, NaN where it cannot be asked; shape (B,)."""
        fails_B, asked_B = self._judged(seen)
        return np.where(asked_B, fails_B, np.nan).astype(np.float32)

    def _judged(self, seen: Seen) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        expectation, sides = self.expectation, [seen.x_BF[:, place] for place in self.places]
        if isinstance(expectation, Recent | Arriving):
            limit = expectation.max_age if isinstance(expectation, Recent) else expectation.max_delay
            return ~(seen.age_B <= limit), np.ones(len(seen.age_B), np.bool_)
        first_B = sides[0].astype(np.float64)
        asked_B = np.logical_and.reduce([~np.isnan(side_B) for side_B in sides])
        if isinstance(expectation, NotNull):
            return np.isnan(first_B), np.ones(len(first_B), np.bool_)
        if isinstance(expectation, Between):
            low = -np.inf if expectation.min_value is None else np.float32(expectation.min_value)
            high = np.inf if expectation.max_value is None else np.float32(expectation.max_value)
            return (first_B < low) | (first_B > high), asked_B
        if isinstance(expectation, InSet):
            return ~np.isin(first_B, self.codes), asked_B
        return _pair_fails(expectation, first_B, sides[1].astype(np.float64)), asked_B


def _pair_fails(
    expectation: GreaterPair | EqualPair, a_B: NDArray[np.float64], b_B: NDArray[np.float64]
) -> NDArray[np.bool_]:
    if isinstance(expectation, EqualPair):
        with np.errstate(invalid="ignore"):  # ∞ − ∞: they are equal
            return np.asarray((a_B != b_B) & ~(np.abs(a_B - b_B) <= expectation.tolerance))
    return np.asarray(a_B < b_B if expectation.or_equal else a_B <= b_B)


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows whose category, at `place` of the vector, has one of these codes modulo `modulus`.

    Without codes: those whose category has none that is in `not_codes`, or, if `is_missing`, is missing.
    """

    name: str
    error: int
    place: int
    modulus: int
    codes: tuple[float, ...] = ()
    not_codes: tuple[float, ...] = ()
    is_missing: bool = False

    def values(self, seen: Seen) -> Float32:
        """The error of the rows within it, NaN of the others; shape (B,)."""
        code_B = seen.vector_BV[:, self.place] % self.modulus
        if self.is_missing:
            within_B = np.isnan(code_B)
        elif self.codes:
            within_B = np.isin(code_B, self.codes)
        else:
            within_B = ~np.isnan(code_B) & ~np.isin(code_B, self.not_codes)
        return np.where(within_B, seen.x_BF[:, self.error], np.float32(np.nan))


Derived = Rule | Slice


def codes_of(values: tuple[str, ...], buckets: int) -> tuple[float, ...]:
    """Codes of categories as they stand in a vector.

    Examples
    --------
    >>> codes_of(("JFK", "LGA"), 1024)
    (1022.0, 926.0)
    """
    text = np.array([value.encode() for value in values], np.bytes_)
    return tuple((hash64(text) % np.uint64(buckets)).astype(float).tolist())


def slices_of(column: str, place: int, buckets: int, values: tuple[str, ...], bins: int, error: int) -> list[Slice]:
    """Cut by a category: a slice for each value, one for all others, one for none.

    Without values, for each code modulo `bins`.

    Examples
    --------
    >>> [one.name for one in slices_of("origin", 0, 16, ("JFK", "LGA"), 4, error=2)]
    ['error[origin=JFK]', 'error[origin=LGA]', 'error[origin: other]', 'error[origin: missing]']
    >>> [one.name for one in slices_of("origin", 0, 16, (), 2, error=2)]
    ['error[origin≡0]', 'error[origin≡1]', 'error[origin: missing]']
    """
    codes = codes_of(values, buckets) if values else tuple(float(code) for code in range(min(bins, buckets)))
    modulus = buckets if values else min(bins, buckets)
    names = [f"={value}" for value in values] or [f"≡{code:.0f}" for code in codes]
    cut = [Slice(f"error[{column}{n}]", error, place, modulus, (c,)) for n, c in zip(names, codes, strict=True)]
    rest = [Slice(f"error[{column}: other]", error, place, modulus, not_codes=codes)] if values else []
    return [*cut, *rest, Slice(f"error[{column}: missing]", error, place, modulus, is_missing=True)]


def with_derived(derived: tuple[Derived, ...], seen: Seen) -> Float32:
    """Append the derived columns to the rows; float32, shape (B, F + D)."""
    if not derived:
        return seen.x_BF
    return np.concatenate([seen.x_BF, np.stack([one.values(seen) for one in derived], axis=1)], axis=1)
