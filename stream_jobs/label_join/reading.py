"""From decoded records to the rows that the join works on, for one partition at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.event_clock import SourceClock, advance
from schemas.decoded import Decoded, Fault, Part
from schemas.records import Records
from schemas.status import Status
from schemas.value_checks import MAX_TIME_MS
from stream_jobs.label_join.believed_times import jump_fault
from stream_jobs.label_join.rows import Answers, Labels, labels_of

_LAST_PREDICTED = Status.PRIOR


def read_answers(
    records: Records, decoded: Decoded, dtype: np.dtype[np.void]
) -> tuple[Answers, NDArray[np.intp], tuple[Fault, ...]]:
    """Lay predictions out as answers.

    Returns
    -------
    answers : Answers
    row_A : ndarray of intp, shape (A,)
        Their rows in `records`.
    faults : tuple of Fault
        Those of decoding, of answers without a request id, and of predictions without a time or with vectors of
        another width than the pipeline's. What is no prediction need have neither.
    """
    part = decoded.part("Prediction")
    if part is None:
        return no_answers(dtype), np.empty(0, np.intp), decoded.faults
    columns, count = part.columns, len(part.row_N)
    predicted_A = columns["status"] <= _LAST_PREDICTED
    answer_A = np.zeros(count, dtype)
    for name in ("request_time", "version", "status", "digest"):
        answer_A[name] = columns[name]
    answer_A["offset"] = records.offset_B[part.row_N]
    timeless_A = ~(np.abs(columns["request_time"]) <= MAX_TIME_MS)
    answer_A["request_time"][timeless_A] = np.nan
    good_A = _fill(answer_A, "output", columns["output"]) & _fill(answer_A, "features", columns["features"])
    faults = [
        *_faults(part, ~good_A & predicted_A, "bad_vector", "output or features: not as wide as the pipeline's"),
        *_faults(part, columns["request_id"] == b"", "bad_id", "request_id: empty"),
        *_faults(part, timeless_A & predicted_A, "bad_time", "request_time: no time in ms"),
    ]
    bad = {fault.row: fault for fault in faults}
    keep_N = np.flatnonzero(~np.isin(part.row_N, list(bad)))
    row_A = part.row_N[keep_N]
    answers = Answers(
        columns["request_id"][keep_N].tolist(),
        answer_A[keep_N],
        predicted_A[keep_N],
        [records.values[row] or b"" for row in row_A.tolist()],
    )
    return answers, row_A, (*decoded.faults, *bad.values())


def no_answers(dtype: np.dtype[np.void]) -> Answers:
    """No rows."""
    return Answers([], np.empty(0, dtype), np.empty(0, np.bool_), [])


def _fill(answer_A: NDArray[np.void], name: str, column_A: NDArray[Any]) -> NDArray[np.bool_]:
    """Copy vectors of the right width; says which were."""
    width = answer_A.dtype[name].shape[0]
    if column_A.ndim == 2:
        if column_A.shape[1] == width:
            answer_A[name] = column_A
        return np.full(len(answer_A), column_A.shape[1] == width)
    good_A = np.array([len(vector) == width for vector in column_A], np.bool_)
    for row in np.flatnonzero(good_A).tolist():
        answer_A[name][row] = column_A[row]
    return good_A


def _faults(part: Part, bad_A: NDArray[np.bool_], reason: str, detail: str) -> list[Fault]:
    return [Fault(row, reason, detail) for row in part.row_N[bad_A].tolist()]


@dataclass(frozen=True, slots=True)
class ReadLabels:
    """The labels of one partition, its clock after them, and as `faults` those dated too far ahead."""

    labels: Labels
    clock: SourceClock
    faults: tuple[Fault, ...] = ()


def read_labels(records: Records, decoded: Decoded, partition: int, clock: SourceClock, max_jump: int) -> ReadLabels:
    """Lay the labels of one partition out as rows, each with the watermark just before it.

    Parameters
    ----------
    records, decoded : Records, Decoded
        Of ``Label`` and ``Progress`` records.
    partition : int
    clock : SourceClock
        Of the labels of this partition before these rows.
    max_jump : int
        How far ahead of it a label may be, ms.
    """
    part, progress = decoded.part("Label"), decoded.part("Progress")
    mine_N = _mine(records, part, partition)
    mine_P = _mine(records, progress, partition)
    time_L = part.columns["label_time"][mine_N] if part else np.empty(0)
    row_L = part.row_N[mine_N] if part else np.empty(0, np.int64)
    row_P = progress.row_N[mine_P] if progress else np.empty(0, np.int64)
    time_P = progress.columns["event_time"][mine_P] if progress else np.empty(0)
    row_R, time_R = np.concatenate([row_L, row_P]), np.concatenate([time_L, time_P])
    order_R = np.argsort(row_R, kind="stable")
    is_promise_R = np.arange(len(row_R)) >= len(row_L)
    after, believed_in_order_R = advance(clock, time_R[order_R], is_promise_R[order_R], max_jump)
    after = SourceClock(after.reached, refused=after.refused)  # as it is restored: a promise or a label, it is one time
    moves_R = np.where(believed_in_order_R, time_R[order_R], -np.inf)
    before_R, believed_R = np.empty(len(row_R)), np.empty(len(row_R), np.bool_)
    before_R[order_R] = np.maximum.accumulate(np.append(clock.reached, moves_R))[:-1]
    believed_R[order_R] = believed_in_order_R
    good_L = believed_R[: len(row_L)]
    faults = [jump_fault(int(row_L[i]), "label_time", time_L[i], max_jump) for i in np.flatnonzero(~good_L)]
    if part is None or not good_L.any():
        return ReadLabels(labels_of([]), after, tuple(faults))
    mine_N, row_L, time_L, before_L = mine_N[good_L], row_L[good_L], time_L[good_L], before_R[: len(row_L)][good_L]
    rows = row_L.tolist()
    labels = Labels(
        part.columns["request_id"][mine_N],
        time_L,
        part.columns["value"][mine_N],
        before_L,
        records.offset_B[row_L],
        part.columns["labeller"][mine_N],
        [records.keys[row] for row in rows],
        [records.values[row] or b"" for row in rows],
        [records.headers[row] for row in rows],
    )
    return ReadLabels(labels, after, tuple(faults))


def _mine(records: Records, part: Part | None, partition: int) -> NDArray[np.intp]:
    if part is None:
        return np.empty(0, np.intp)
    return np.flatnonzero(records.partition_B[part.row_N] == partition)
