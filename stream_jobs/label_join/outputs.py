"""What a step of the join sends out: examples, sketches of labels and served outputs, and dead letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.drift.sketch import SketchPlan, label_rows
from models.drift.sketch_columns import SourceRows, sketch_columns
from schemas.decoded import Columns, Fault
from schemas.records import Records
from stream_jobs.label_join.position import Position
from stream_jobs.label_join.step import OBSERVED, Joined, Letter


def example_columns(joined: Joined, partition: int) -> Columns:
    """Columns of the Example record; the vectors are those served, bit for bit."""
    answer_N, count = joined.answer_N, len(joined.id_N)
    return {
        "request_time": answer_N["request_time"],
        "label_time": joined.label_time_N,
        "label": joined.label_N,
        "digest": answer_N["digest"],
        "output": answer_N["output"],
        "features": answer_N["features"],
        "version": answer_N["version"],
        "status": answer_N["status"],
        "origin": np.full(count, joined.origin, np.uint8),
        "partition": np.full(count, partition, np.int64),
        "prediction_offset": answer_N["offset"],
        "label_offset": joined.label_offset_N,
        "request_id": joined.id_N,
        "labeller": joined.labeller_N,
    }


def label_sketches(
    plan: SketchPlan, joined: Sequence[Joined], partition: int, partitions: int, position: Position
) -> Columns | None:
    """Sketch the labels that came, in windows of the labels' time, with the outputs served for them."""
    observed = [j for j in joined if j.origin == OBSERVED]
    if not observed:
        return None
    time_N = np.concatenate([j.label_time_N for j in observed])
    offset_N = np.concatenate([j.label_offset_N for j in observed])
    x_N3 = np.concatenate([label_rows(j.label_N, j.answer_N["output"]) for j in observed])
    version_N = np.concatenate([j.answer_N["version"] for j in observed])
    vector_NV = np.concatenate([j.answer_N["features"] for j in observed]) if plan.derived else None
    age_N = time_N - np.concatenate([j.answer_N["request_time"] for j in observed])
    rows = SourceRows(np.full(len(time_N), partition), offset_N, time_N, partitions, None, version_N, vector_NV, age_N)
    # Labels held before are joined later, so their offsets do not rise; the number of the step does.
    return sketch_columns(plan, x_N3, rows, {partition: position.labels.reached}, {partition: position.steps})


def letter_records(letters: Sequence[Letter], topic: str, partition: int) -> tuple[Records, list[Fault]]:
    """Labels that go to the dead letters as if just consumed, with their faults."""
    labels = [letter.label for letter in letters]
    offset_N = np.array([label.offset for label in labels], np.int64)
    records = Records(
        topic,
        np.full(len(labels), partition, np.int32),
        offset_N,
        np.zeros_like(offset_N),
        [label.key for label in labels],
        [label.wire for label in labels],
        [label.headers for label in labels],
    )
    return records, [Fault(row, letter.reason, letter.detail) for row, letter in enumerate(letters)]
