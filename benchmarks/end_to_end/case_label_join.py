"""The join: flights' answers, and a label for each, half an hour of event time later."""

from __future__ import annotations

import numpy as np

from benchmarks.end_to_end.case import Case, Ground, Load, Progress, flights_document
from benchmarks.end_to_end.topics import GroupOffsets, committed_records, refuse_dead_letters
from schemas.topics import topic_name

FIRST_MS, STEP_MS, DELAY_MS = 1.36e12, 95_000.0, 1_800_000.0


def prepare(ground: Ground, rows: int) -> list[Load]:
    """Answers and labels."""
    rng, contracts = np.random.default_rng(0), ground.contracts
    time_B = FIRST_MS + STEP_MS * np.arange(rows)
    ids = np.array([b"2013-01-01-%07d" % i for i in range(rows)])
    zeros = {n: np.zeros(rows) for n in ("answered_at", "features_time", "queue_ms", "features_ms", "model_ms")}
    answers = contracts.codec("Prediction").encode(
        {
            **zeros,
            "request_time": time_B,
            "digest": np.full(rows, bytes([1] * 32), "V32"),
            "output": rng.random((rows, contracts.layout.outputs), np.float32),
            "features": rng.random((rows, contracts.layout.width), np.float32),
            "version": np.ones(rows, np.int64),
            "status": np.zeros(rows, np.uint8),
            "request_id": ids,
            "entity": np.full(rows, b"UA1545"),
            "reason": np.full(rows, b""),
        }
    )
    labels = contracts.codec("Label").encode(
        {
            "label_time": time_B + DELAY_MS,
            "value": (np.arange(rows) % 4 == 0).astype(np.float64),
            "request_id": ids,
            "labeller": np.full(rows, b""),
        }
    )
    keys = ids.tolist()
    return [
        Load(topic_name(ground.name, "predictions"), keys, answers),
        Load(topic_name(ground.name, "labels"), keys, labels),
    ]


def progress(ground: Ground, rows: int) -> Progress:
    """Answers and labels both read so far."""
    return GroupOffsets(ground, "label_join", ("predictions", "labels"))


def check(ground: Ground, rows: int) -> None:
    """Every pair became an example."""
    records = committed_records(ground, "examples", ground.addresses.bootstrap)
    joined = sum(len(r.values) for r in records)
    if joined != rows:
        raise ValueError(f"{joined} examples of {rows} pairs")
    refuse_dead_letters(ground)


CASE = Case(
    "label_join",
    "pairs",
    "an answer of the flights' pipeline and its label, half an hour of event time later; "
    "state in the changelog; sketches for drift",
    100_000,
    1,
    ("exactly_once",),
    flights_document,
    prepare,
    progress,
    check,
)
