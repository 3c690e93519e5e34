"""Examples as the learner and the baselines take them: columns, in log order, fit to be learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from schemas.commands import Command, commands_of
from schemas.contracts import Contracts
from schemas.decoded import Columns, Fault, Part
from schemas.layout import Layout
from schemas.records import Records

_OBSERVED: Final = 0
_FINITE: Final = (("request_time", "bad_time"), ("label_time", "bad_time"), ("label", "bad_label"))


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled answers, in log order (B rows).

    `output_BK` is the answer as served and `features_BF` the vector as served, NaN where missing. `observed_B` is
    False where the label is the pipeline's default. `labeller_B` is who gave the label, UTF-8; empty if nobody knows.
    """

    offset_B: NDArray[np.int64]
    request_time_B: NDArray[np.float64]
    label_time_B: NDArray[np.float64]
    label_B: NDArray[np.float64]
    observed_B: NDArray[np.bool_]
    version_B: NDArray[np.int64]
    output_BK: NDArray[np.float32]
    features_BF: NDArray[np.float32]
    labeller_B: NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.offset_B)

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> Self:
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    def followed_by(self, other: Self) -> Self:
        """Join two stretches of the log."""
        return type(self)(*(np.concatenate((getattr(self, f.name), getattr(other, f.name))) for f in fields(self)))


def no_examples(layout: Layout) -> Examples:
    """Zero rows of the right widths.

    Examples
    --------
    >>> len(no_examples(Layout((), (), "binary", 1)))
    0
    """
    times, whole = np.empty(0, np.float64), np.empty(0, np.int64)
    output, features = np.empty((0, layout.outputs), np.float32), np.empty((0, layout.width), np.float32)
    return Examples(whole, times, times, times, np.empty(0, np.bool_), whole, output, features, np.empty(0, "S1"))


def read_log(contracts: Contracts, records: Records) -> tuple[Examples, tuple[Fault, ...]]:
    """Read a stretch of the examples log.

    Returns
    -------
    examples : Examples
        What can be learned from, in log order.
    faults : tuple of Fault
        All other rows but commands, rising: undecodable, unfit, and commands that are unknown.
    """
    examples, _, faults = read_whole_log(contracts, records)
    return examples, faults


def read_whole_log(contracts: Contracts, records: Records) -> tuple[Examples, tuple[Command, ...], tuple[Fault, ...]]:
    """Read a stretch of the examples log with its commands, in log order; examples and faults as `read_log`."""
    decoded = contracts.decode(records.values, ("Example", "Command"))
    faults, found = list(decoded.faults), no_examples(contracts.layout)
    commands: tuple[Command, ...] = ()
    if (told := decoded.part("Command")) is not None:
        commands, unknown = commands_of(told, records.offset_B[told.row_N])
        faults += unknown
    if (part := decoded.part("Example")) is not None:
        found, unfit = examples_of(part, records.offset_B[part.row_N], contracts.layout)
        faults += unfit
    return found, commands, tuple(sorted(faults, key=lambda fault: fault.row))


def examples_of(part: Part, offset_N: NDArray[np.int64], layout: Layout) -> tuple[Examples, tuple[Fault, ...]]:
    """Take the rows that can be learned from; the others become faults.

    Parameters
    ----------
    part : Part
        Decoded ``Example`` records, N rows.
    offset_N : ndarray of int64, shape (N,)
        Their offsets in the log.

    Returns
    -------
    examples : Examples
        Of the good rows.
    faults : tuple of Fault
        Their `row` is the place in the input, as in `part`.
    """
    features_NF, wide_N = _matrix(part.columns["features"], layout.width)
    output_NK, answered_N = _matrix(part.columns["output"], layout.outputs)
    good_N, faults = np.ones(len(part.row_N), np.bool_), list[Fault]()
    for bad_N, reason, detail in (
        (~wide_N, "bad_vector", f"features: the pipeline's vector has {layout.width} numbers"),
        (np.isinf(features_NF).any(axis=1), "bad_vector", "features: infinite"),
        (~answered_N, "bad_vector", f"output: an answer has {layout.outputs} numbers"),
        (~np.isfinite(output_NK).all(axis=1), "bad_vector", "output: not finite"),
        *_unfit(part.columns, layout),
    ):
        faults += [Fault(row, reason, detail) for row in part.row_N[good_N & bad_N].tolist()]
        good_N &= ~bad_N
    columns = part.columns
    found = Examples(
        offset_N,
        columns["request_time"],
        columns["label_time"],
        columns["label"],
        columns["origin"] == _OBSERVED,
        columns["version"],
        output_NK,
        features_NF,
        columns["labeller"],
    )
    return found[np.flatnonzero(good_N)], tuple(sorted(faults, key=lambda fault: fault.row))


def _unfit(columns: Columns, layout: Layout) -> Iterator[tuple[NDArray[np.bool_], str, str]]:
    for name, reason in _FINITE:
        yield ~np.isfinite(columns[name]), reason, f"{name}: not a finite number"
    if layout.target != "regression":
        classes, label_N = max(2, layout.outputs), columns["label"]
        bad_N = (label_N < 0) | (label_N >= classes) | (label_N != np.floor(label_N))
        yield bad_N, "bad_label", f"label: not one of the classes 0 … {classes - 1}"


def _matrix(
    column: NDArray[np.float32] | NDArray[np.object_], width: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Rows as a matrix, and which of them had the right width; the others are NaN."""
    if column.ndim == 2 and column.shape[1] == width:
        return np.ascontiguousarray(column, np.float32), np.ones(len(column), np.bool_)
    matrix, fits_N = np.full((len(column), width), np.nan, np.float32), np.zeros(len(column), np.bool_)
    for row, values in enumerate(column):
        if len(values) == width:
            matrix[row], fits_N[row] = values, True
    return matrix, fits_N
