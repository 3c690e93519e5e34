"""Rules of the section `drift` that concern the columns of the vector and of the labels."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from schemas.error_detectors import misread
from schemas.hashing import hash_text
from schemas.pipeline_drift_expectations import Expectation, InSet, NotNull, Recent, columns_named

if TYPE_CHECKING:
    from schemas.pipeline import Pipeline

LABEL_COLUMNS: Final = ("label", "output", "error")
"""Columns of what is sketched of a label and the answer that it belongs to."""
MOST_CELLS: Final = 512
"""Of all slices together."""


def is_of_labels(expectation: Expectation, names: tuple[str, ...]) -> bool:
    """Whether an expectation is about labels, not about the vector with columns `names`."""
    if not (named := columns_named(expectation)):
        return not isinstance(expectation, Recent)
    return all(name in LABEL_COLUMNS and name not in names for name in named)


def expectation_faults(pipeline: Pipeline, buckets: dict[str, int]) -> Iterator[str]:
    """Find what is wrong with `drift.expectations`, given the category codes (0: a number) of the vector's columns."""
    known = dict.fromkeys(LABEL_COLUMNS, 0) | buckets
    for i, expectation in enumerate(pipeline.drift.expectations):
        at = f"drift.expectations.{i}"
        named = columns_named(expectation)
        unknown = [name for name in named if name not in known]
        for name in unknown:
            near = get_close_matches(name, known, n=1)
            yield f"{at}: no column '{name}'; {f'did you mean {near[0]!r}?' if near else 'known: ' + ', '.join(known)}"
        if unknown or isinstance(expectation, NotNull):
            continue
        wants_category = isinstance(expectation, InSet)
        for name in named:
            if bool(known[name]) != wants_category:
                yield f"{at}: '{name}' must be a {'category' if wants_category else 'number'} for {expectation.type}"
        if len({name in buckets for name in named}) > 1:
            yield f"{at}: one column is of the vector, the other of the labels; both must be of the same rows"
        if isinstance(expectation, Recent) and not pipeline.windows.groups:
            yield f"{at}: there are no online features; {expectation.type} needs `windows.groups`"


def slice_faults(pipeline: Pipeline) -> Iterator[str]:
    """Find what is wrong with `drift.slices`."""
    fields, cells = pipeline.request.fields, 0
    for name, values in pipeline.drift.slices.items():
        field = fields.get(name)
        if field is None or field.type != "category":
            yield f"drift.slices.{name}: must be a category of the request"
        elif len(set(values)) != len(values) or "" in values:
            yield f"drift.slices.{name}: values must differ, and not be empty"
        else:
            yield from _collisions(name, values, field.buckets)
        cells += len(values or range(pipeline.drift.bins)) + 2
    if cells > MOST_CELLS:
        yield f"drift.slices: {cells} slices, but a sketch holds {MOST_CELLS}; name fewer values"


def detector_faults(pipeline: Pipeline) -> Iterator[str]:
    """Find what is wrong with `drift.errors`."""
    for place, kind in enumerate(pipeline.drift.errors):
        if why := misread(kind, pipeline.target.type):
            yield f"drift.errors.{place}: {why}"


def _collisions(name: str, values: tuple[str, ...], buckets: int) -> Iterator[str]:
    by_code: dict[int, str] = {}
    for value in values:
        other = by_code.setdefault(hash_text(value) % buckets, value)
        if other != value:
            both = f"'{other}' and '{value}'"
            yield f"drift.slices.{name}: {both} have one of {buckets} codes; name one, or give it more `buckets`"
