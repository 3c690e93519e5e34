"""The same drifts however a stream is partitioned, cut into batches, and shuffled within its lateness; with all on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.drift.derived import codes_of
from models.drift.sketch import SketchPlan, label_rows, labels_plan, predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from schemas.contracts import Contracts, contracts_of
from schemas.decoded import Columns
from schemas.records import Records
from stream_jobs.drift_watch.core import DriftWatch
from tests.models.drift.pipelines import small_pipeline
from tests.stream_jobs.drift_watch.traffic import SKETCHES, drifts

WINDOW, LATENESS, WINDOWS, ROWS, PARTITIONS = 100, 60, 11, 300, (1, 4, 7)
WHO = ("x", "y", "z")


@cache
def contracts(against: str) -> Contracts:
    number = {"type": "number", "range": [0.0, 8.0]}
    drift: dict[str, Any] = {
        "window": WINDOW,
        "lateness": LATENESS,
        "reference": 3,
        "minimum": 20,
        "against": against,
        "alpha": 0.01,  # few permutations
        "joint": {"rows": 128},
        "slices": {"who": WHO},
        "expectations": [
            {"type": "expect_column_values_to_not_be_null", "column": "size", "mostly": 0.9},
            {"type": "expect_labels_to_arrive_within", "max_delay": "1s", "mostly": 0.8},
        ],
    }
    fields = {"who": {"type": "category", "buckets": 64}, "size": number, "weight": number}
    return contracts_of(small_pipeline(request={"entity": "who", "fields": fields}, drift=drift))


@dataclass(frozen=True, slots=True)
class Stream:
    """N rows of a source by event time, and a last one for each partition that closes all windows before it."""

    plan: SketchPlan
    x_NF: NDArray[np.float32]
    vector_NV: NDArray[np.float32]
    time_N: NDArray[np.float64]
    age_N: NDArray[np.float64]


@cache
def streams(against: str) -> tuple[Stream, Stream]:
    """From window 5 on `size` goes against `weight`; in window 7 a fifth lacks it, and labels are late.

    From window 8 on answers for `y` are wrong.
    """
    random, pipeline = np.random.default_rng(0), contracts(against).pipeline
    window_N = np.repeat(np.arange(WINDOWS), ROWS)
    count = len(window_N)
    time_N = np.sort(window_N * WINDOW + random.integers(0, WINDOW, count)).astype(np.float64)
    codes = np.array(codes_of(WHO, 64), np.float32)
    who_N, size_N = codes[random.integers(0, 3, count)], random.uniform(0, 8, count)
    weight_N = np.where(window_N >= 5, 8 - size_N, size_N)
    size_N[(window_N == 7) & (random.uniform(size=count) < 0.2)] = np.nan
    vector_NV = np.stack([who_N, size_N, weight_N], axis=1).astype(np.float32)
    label_N = random.integers(0, 2, count).astype(np.float32)
    is_wrong_N = random.uniform(size=count) < np.where((window_N >= 8) & (who_N == codes[1]), 0.6, 0.1)
    output_N1 = np.where(is_wrong_N, 1 - label_N, label_N)[:, None] * np.float32(0.75)
    age_N = np.where(window_N == 7, 5000.0, 10.0)
    return (
        Stream(predictions_plan(pipeline), vector_NV, vector_NV, time_N, np.zeros(count)),
        Stream(labels_plan(pipeline), label_rows(label_N, output_N1.astype(np.float32)), vector_NV, time_N, age_N),
    )


def champion_of(window: int) -> tuple[int, float]:
    """A version for each three windows, which has learned all before the last of them."""
    number = window // 3
    return number, max(0.0, (3 * number - 1.0) * WINDOW)


def batches(stream: Stream, partition_N: NDArray[np.intp], partitions: int, seed: int, size: int) -> Iterator[Any]:
    """Cut each partition, shuffled within the lateness, into batches, in the order in which they might come."""
    random = np.random.default_rng(seed)
    arrival_N = stream.time_N + (random.uniform(0, LATENESS, len(stream.time_N)) if seed else 0)
    found = []
    for p in range(partitions):
        mine = np.flatnonzero(partition_N == p)
        mine = mine[np.argsort(arrival_N[mine], kind="stable")]
        for at in range(0, len(mine), size):
            rows = mine[at : at + size]
            found.append((float(arrival_N[rows[-1]]), p, at, rows))
    yield from ((p, at, rows) for _, p, at, rows in sorted(found, key=lambda one: one[:3]))


def sketched(stream: Stream, partitions: int, seed: int, size: int) -> Iterator[Columns]:
    partition_N = np.random.default_rng([seed, 1]).integers(0, partitions, len(stream.time_N))
    for p, first, rows in batches(stream, partition_N, partitions, seed, size):
        offset_N = first + np.arange(len(rows))
        version_N = np.array([champion_of(int(t) // WINDOW)[0] for t in stream.time_N[rows]])
        for version in np.unique(version_N):  # the predictor answers a batch with one version
            at = version_N == version
            source = SourceRows(
                np.full(at.sum(), p),
                offset_N[at],
                stream.time_N[rows][at],
                partitions,
                np.array([f"request-{row}".encode() for row in rows[at]]),
                version_N[at],
                stream.vector_NV[rows][at],
                stream.age_N[rows][at],
                champion_of(3 * int(version))[1] if stream.plan.source == "predictions" else 0.0,
            )
            yield sketch_columns(stream.plan, stream.x_NF[rows][at], source, sequences={p: first})
    for p in range(partitions):
        last = SourceRows(np.array([p]), np.array([10**6]), np.array([(WINDOWS * WINDOW + LATENESS) * 1.0]), partitions)
        yield sketch_columns(stream.plan, stream.x_NF[:1], last)


def watched(against: str, partitions: int, seed: int, size: int) -> list[tuple[bytes, bytes]]:
    """Keys and values that the watch sends, each source's in order."""
    known = contracts(against)
    watch, table, sent = DriftWatch(known), dict[bytes, bytes](), list[tuple[bytes, bytes]]()
    for stream in streams(against):
        for columns in sketched(stream, partitions, seed, size):
            for value in known.codec("Sketch").encode(columns):
                one = np.zeros(1, np.int32)
                record = Records(SKETCHES, one, one.astype(np.int64), one.astype(np.int64), [b"x"], [value], [()])
                answer = watch.handle(record, table, 0.0)
                for out in answer.records:
                    sent += zip([key or b"" for key in out.keys], [v or b"" for v in out.values], strict=True)
                for key, entry in answer.writes.items():
                    table = {k: v for k, v in {**table, key: entry}.items() if v is not None}
    return sent


@cache
def in_order(against: str) -> list[tuple[bytes, bytes]]:
    return watched(against, 1, seed=0, size=ROWS)


@pytest.mark.parametrize("against", ["trailing", "champion"])
def test_all_kinds_that_are_in_the_stream_are_found(against: str) -> None:
    found = drifts(contracts(against), [value for _, value in in_order(against)])
    assert {drift["kind"] for drift in found} >= {b"joint", b"quality", b"expectation", b"concept"}
    assert "error[who=y]" in {str(column) for drift in found for column in drift["columns"]}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["trailing", "champion"]),
    st.sampled_from(PARTITIONS),
    st.integers(1, 1 << 30),
    st.sampled_from([0.15, 0.4, 1.0]),
)
def test_drifts_are_the_same_to_the_byte(against: str, partitions: int, seed: int, windows: float) -> None:
    """Batches hold at most about as many windows; with more, partitions would be further apart than is waited for."""
    size = int(windows * ROWS / partitions)
    assert watched(against, partitions, seed, size) == in_order(against)
