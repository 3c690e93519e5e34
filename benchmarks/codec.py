"""The columnar codec beside fastavro record by record: ``python -m benchmarks.codec``."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import fastavro
import numpy as np

from schemas.codec import Codec
from schemas.generated import fixed_schemas
from schemas.static_ids import static_id

ROWS, FEATURES, ROUNDS = 4096, 60, 9


def predictions(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    times = ("request_time", "answered_at", "features_time", "queue_ms", "features_ms", "model_ms")
    return {
        **{name: rng.random(rows) for name in times},
        "digest": np.full(rows, bytes([7] * 32), "V32"),
        "output": rng.random((rows, 1), np.float32),
        "features": rng.random((rows, FEATURES), np.float32),
        "version": rng.integers(0, 300, rows),
        "status": rng.integers(0, 4, rows).astype(np.uint8),
        "request_id": np.array([b"2013-01-01-%08d" % i for i in range(rows)]),
        "entity": np.array([b"JFK"] * rows),
        "reason": np.full(rows, b"", "S1"),
    }


def median_seconds(calls: list[Callable[[], object]]) -> list[float]:
    """Median of each, in interleaved rounds, so that a busy machine is unfair to none."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for seconds, call in zip(taken, calls, strict=True):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
    return [float(np.median(seconds)) for seconds in taken]


def write(parsed: Any, rows: list[Any]) -> None:
    for row in rows:
        fastavro.schemaless_writer(io.BytesIO(), parsed, row)


def main() -> None:
    schema = fixed_schemas()["Prediction"]
    codec, parsed, columns = Codec(schema, static_id(schema)), fastavro.parse_schema(schema), predictions(ROWS)
    values = codec.encode(columns)
    rows = [fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed, None) for value in values]
    calls: list[Callable[[], object]] = [
        lambda: codec.decode(values),
        lambda: [fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed, None) for value in values],
        lambda: codec.encode(columns),
        lambda: write(parsed, rows),
    ]
    decode, decode_rows, encode, encode_rows = median_seconds(calls)
    found = {
        "rows": ROWS,
        "features": FEATURES,
        "decode_rows_per_s": round(ROWS / decode),
        "decode_over_fastavro": round(decode_rows / decode, 1),
        "encode_rows_per_s": round(ROWS / encode),
        "encode_over_fastavro": round(encode_rows / encode, 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
