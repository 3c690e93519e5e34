"""Pairs a second of the label join in memory, decoding and encoding included: ``python -m benchmarks.label_join``.

Answers are joined `LAG` batches after they came, so each is written to the changelog and waits in the store; beside it,
the same with both in one batch. The file's last lines are decoding and encoding alone: what no join can be faster than.
"""

from __future__ import annotations

import time

import numpy as np

from adapters.ports import Batch, Records
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline import Pipeline
from schemas.topics import topic_name
from stream_jobs.label_join.job import LabelJoin

ROWS, BATCHES, WIDTH, LAG = 4096, 30, 40, 5


def contracts_of_width(width: int) -> Contracts:
    fields = {f"x{i}": {"type": "number", "range": [-9, 9]} for i in range(width)}
    document = {
        "pipeline": "bench",
        "request": {"entity": "x0", "fields": fields | {"x0": {"type": "category"}}},
        "target": {"type": "binary"},
        "join": {"wait": "1d"},
    }
    return contracts_of(Pipeline.model_validate(document))


def records(topic: str, batch: int, values: list[bytes]) -> Records:
    count = len(values)
    offset_B = np.arange(batch * count, (batch + 1) * count)
    keys = [b"%d" % offset for offset in offset_B.tolist()]
    return Records(topic, np.zeros(count, np.int32), offset_B, offset_B, keys, values, [()] * count)


def request_ids(batch: int) -> np.ndarray:
    return np.array([b"request-%010d" % i for i in range(batch * ROWS, (batch + 1) * ROWS)])


def predictions(contracts: Contracts, batch: int) -> Records:
    rng = np.random.default_rng(batch)
    columns = {
        "request_time": batch * 1000.0 + np.arange(ROWS) / ROWS,
        **{name: np.zeros(ROWS) for name in ("answered_at", "features_time", "queue_ms", "features_ms", "model_ms")},
        "digest": np.full(ROWS, bytes([1] * 32), "V32"),
        "output": rng.random((ROWS, 1), np.float32),
        "features": rng.random((ROWS, WIDTH), np.float32),
        "version": np.ones(ROWS, np.int64),
        "status": np.zeros(ROWS, np.uint8),
        "request_id": request_ids(batch),
        "entity": np.full(ROWS, b"entity"),
        "reason": np.full(ROWS, b""),
    }
    values = contracts.codec("Prediction").encode(columns)
    return records(topic_name("bench", "predictions"), batch, values)


def labels(contracts: Contracts, batch: int) -> Records:
    columns = {
        "label_time": batch * 1000.0 + 500 + np.arange(ROWS) / ROWS,
        "value": (np.arange(ROWS) % 2).astype(np.float64),
        "request_id": request_ids(batch),
        "labeller": np.full(ROWS, b""),
    }
    return records(topic_name("bench", "labels"), batch, contracts.codec("Label").encode(columns))


def pairs_a_second(contracts: Contracts, lag: int) -> float:
    """Run all batches, the labels `lag` behind the answers; returns joined pairs a second."""
    answers = [predictions(contracts, batch) for batch in range(BATCHES)]
    truth = [labels(contracts, batch) for batch in range(BATCHES)]
    job = LabelJoin(contracts)
    job.assign(0, [])
    joined, started = 0.0, time.perf_counter()
    for turn in range(BATCHES + lag):
        taken = [*answers[turn : turn + 1], *(truth[turn - lag : turn - lag + 1] if turn >= lag else [])]
        joined += job.process(Batch(tuple(taken), 0.0)).counts.get("labels_total:joined", 0)
    taken_s = time.perf_counter() - started
    assert joined == ROWS * BATCHES
    return joined / taken_s


def codecs_alone(contracts: Contracts) -> float:
    """Decode a prediction and a label and encode an example, without joining; pairs a second."""
    answers, truth = predictions(contracts, 0), labels(contracts, 0)
    started = time.perf_counter()
    for _ in range(BATCHES):
        part = contracts.decode(answers.values, ("Prediction",)).parts[0].columns
        label = contracts.decode(truth.values, ("Label", "Progress")).parts[0].columns
        names = ("request_time", "digest", "output", "features", "version", "status", "request_id")
        contracts.codec("Example").encode(
            {name: part[name] for name in names}
            | {"label_time": label["label_time"], "label": label["value"], "origin": part["status"]}
            | {"partition": np.zeros(ROWS, np.int64)}
            | {"prediction_offset": answers.offset_B, "label_offset": truth.offset_B}
        )
    return ROWS * BATCHES / (time.perf_counter() - started)


def main() -> None:
    contracts = contracts_of_width(WIDTH)
    alone = codecs_alone(contracts)
    print(f"batches of {ROWS} answers and {ROWS} labels, vectors of {WIDTH}; pairs a second, median of three")
    for name, lag in ((f"labels {LAG} batches later", LAG), ("labels in the same batch", 0)):
        rate = float(np.median([pairs_a_second(contracts, lag) for _ in range(3)]))
        print(f"{name:28s} {rate:10,.0f}   {rate / alone:5.2f} of the codecs alone")
    print(f"{'codecs alone':28s} {alone:10,.0f}")


if __name__ == "__main__":
    main()
