"""Examples a second of the learner on the flights' network: ``python -m benchmarks.learner [examples]``.

Decoding, scoring, learning with replay, versions, checkpoints to a real disk; Kafka and Redis are their twins in
memory, so what is measured is the learner's own work, in CPU seconds of its one thread.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from schemas.contracts import Contracts, contracts_of
from schemas.examples import Examples, read_log
from schemas.pipeline_file import parse_pipeline
from schemas.pipeline_gate import FiniteGate
from schemas.records import Records
from services.learner.core import checkpoint_of, step
from services.learner.effects import Candidate
from services.learner.plan import plan_of
from services.learner.state import first_state

FILE = Path(__file__).parents[1] / "pipelines" / "flights.yaml"
AT_ONCE = 4096
T = TypeVar("T")


def examples_log(contracts: Contracts, rows: int) -> Records:
    random, layout = np.random.default_rng(0), contracts.layout
    x_BF = random.normal(0, 1, (rows, layout.width)).astype(np.float32)
    for column, buckets in enumerate(layout.buckets):
        if buckets:
            x_BF[:, column] = random.integers(0, buckets, rows)
    request_B = 1.36e12 + 95_000.0 * np.arange(rows)
    codec, zeros_B = contracts.codec("Example"), np.zeros(rows, np.int64)
    values = codec.encode(
        {
            "request_time": request_B,
            "label_time": request_B + random.exponential(1.5e7, rows),
            "label": (random.random(rows) < 0.25).astype(np.float64),
            "digest": np.full(rows, bytes(32), "V32"),
            "output": random.random((rows, layout.outputs)).astype(np.float32),
            "features": x_BF,
            "version": zeros_B,
            "status": zeros_B.astype(np.uint8),
            "origin": zeros_B.astype(np.uint8),
            "partition": zeros_B.astype(np.int32),
            "prediction_offset": np.arange(rows),
            "label_offset": np.arange(rows),
            "request_id": np.array([b"2013-01-01-%07d" % i for i in range(rows)]),
        }
    )
    return Records("e", zeros_B.astype(np.int32), np.arange(rows), zeros_B, [None] * rows, values, [()] * rows)


def timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.thread_time()
    return call(), time.thread_time() - started


def learn_bare(contracts: Contracts, log: Examples) -> None:
    """The learner without anything around it."""
    pipeline = contracts.pipeline
    learner = pipeline_learner(pipeline)
    for start in range(0, len(log), pipeline.learner.batch):
        batch = log[start : start + pipeline.learner.batch]
        learner.predict_many(batch.features_BF)
        learner.learn_many(batch.features_BF, batch.label_B)


def learn_whole(contracts: Contracts, log: Examples, cadence: int) -> tuple[int, bytes]:
    """All that `step` does, with versions each `cadence` examples; returns how many came, and a checkpoint."""
    pipeline = contracts.pipeline
    plan = replace(plan_of(pipeline), cadence=cadence)
    learner = pipeline_learner(pipeline)
    state, versions = first_state(plan, learner), 0
    for start in range(0, len(log), AT_ONCE):
        state, effects = step(plan, state, log[start : start + AT_ONCE])
        versions += sum(isinstance(effect, Candidate) for effect in effects)
    return versions, checkpoint_of(plan, state).payload


def save(payload: bytes) -> None:
    from adapters.checkpoint_folder import CheckpointFolder

    with tempfile.TemporaryDirectory() as folder:
        CheckpointFolder(Path(folder)).save(0, payload)


def main() -> None:
    make_deterministic()
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 40_960
    contracts = contracts_of(parse_pipeline(FILE.read_text(encoding="utf-8"), str(FILE)))
    records = examples_log(contracts, rows)
    (log, _), decoding = timed(lambda: read_log(contracts, records))
    learn_bare(contracts, log[: rows // 8])
    _, bare = timed(lambda: learn_bare(contracts, log))
    print(f"decoding                            {rows / decoding:10,.0f} examples/s")
    print(f"scoring and learning                {rows / bare:10,.0f} examples/s")
    finite = contracts_of(contracts.pipeline.model_copy(update={"gate": FiniteGate()}))
    usual = contracts.pipeline.learner.cadence
    for judged, cadence in ((contracts, usual), (finite, usual), (finite, 2048), (finite, rows + 1)):
        (versions, payload), whole = timed(lambda j=judged, c=cadence: learn_whole(j, log, c))  # type: ignore[misc]
        total, gate = rows / (whole + decoding), judged.pipeline.gate.policy
        print(f"all, gate {gate}, {versions:3d} versions, with checkpoints {total:10,.0f} examples/s")
    started = time.perf_counter()
    save(payload)
    print(f"a checkpoint on disk: {len(payload) / 2**20:.1f} MiB in {(time.perf_counter() - started) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
