"""How many requests a second the predictor's job answers in memory, and where the time goes.

20 request fields (14 numbers, 6 categories), 10 window columns of two entity kinds, an MLP of 2 × 256, one CPU
thread. Run it with ``python -m benchmarks.predictor``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from adapters.feature_store_memory import MemoryFeatureStore
from adapters.memory_broker import MemoryBroker
from adapters.metrics_memory import MemoryMetrics
from adapters.ports import Batch
from models.drift.sketch import predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from schemas.contracts import Contracts, contracts_of
from schemas.feature_format import pack, pack_watermark, windows_fingerprint
from schemas.pipeline_file import parse_pipeline
from schemas.redis_keys import feature_keys, watermark_key
from services.predictor.answers import Asked, Given, Timing, encode_served, prediction_columns
from services.predictor.core import checked_outputs, vectors, verdicts
from services.predictor.device import InSlices
from services.predictor.intake import take_in
from services.predictor.job import PredictorJob
from services.predictor.serving_model import Serving
from services.predictor.window_reader import WindowReader

BATCHES = (64, 256, 1024, 4096)
SECONDS = 1.0
NOON = 1_700_000_040_000.0
ENTITIES = 500


class Mlp:
    """A plain network of two hidden layers."""

    def __init__(self, width: int, hidden: int) -> None:
        torch.manual_seed(0)
        self._net = torch.nn.Sequential(
            torch.nn.Linear(width, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, 1),
            torch.nn.Sigmoid(),
        ).eval()

    @torch.inference_mode()
    def predict_many(self, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = self._net(torch.nan_to_num(torch.from_numpy(x_BF)) / 100).numpy()
        return output


@dataclass
class Models:
    serving: Serving | None
    away: bool = False
    lost: bool = False


def contracts() -> Contracts:
    fields: dict[str, object] = {f"n{i}": {"type": "number", "range": [0, 100]} for i in range(14)}
    fields |= {f"c{i}": {"type": "category", "buckets": 1024} for i in range(6)}
    event = {"a": {"type": "category"}, "b": {"type": "category"}, "v": {"type": "number", "range": [0, 9]}}
    groups = [
        {
            "event": "e",
            "key": {"c0": "a"},
            "value": "v",
            "aggregates": ["mean", "count", "last"],
            "over": ["2m", "10m"],
        },
        {"event": "e", "key": {"c1": "b"}, "value": "v", "aggregates": ["mean", "sum"], "over": ["2m", "10m"]},
    ]
    text = {
        "pipeline": "bench",
        "request": {"entity": "c0", "fields": fields},
        "events": {"e": {"fields": event}},
        "windows": {"pane": "1m", "snapshots": 4, "groups": groups},
        "target": {"type": "binary"},
        "join": {"wait": "1h"},
    }
    return contracts_of(parse_pipeline(yaml.safe_dump(text), "bench.yaml"))


def filled_store(known: Contracts) -> MemoryFeatureStore:
    store, fingerprint = MemoryFeatureStore(), windows_fingerprint(known.pipeline, known.layout)
    times = np.tile(NOON - 60_000 * np.arange(3, -1, -1), ENTITIES).astype(np.int64)
    names = np.array([b"entity%d" % i for i in range(ENTITIES)])
    for kind in known.layout.kinds:
        values = np.random.default_rng(0).random((len(times), len(kind.columns)), np.float32)
        packed = pack(times, values, np.full(ENTITIES, 4), fingerprint)
        store.write(feature_keys("bench", kind.name, names), packed)
    store.write([watermark_key("bench", 0)], [pack_watermark(int(NOON), fingerprint)])
    return store


def messages(known: Contracts, rows: int) -> list[bytes]:
    rng = np.random.default_rng(1)
    columns = {f"n{i}": rng.uniform(0, 100, rows) for i in range(14)}
    entities = np.array([f"entity{i}" for i in range(ENTITIES)])
    categories = {f"c{i}": entities[rng.integers(0, ENTITIES, rows)] for i in range(6)}
    ids = np.array([f"request-{i:012d}" for i in range(rows)])
    return known.codec("Request").encode(
        {"request_time": np.full(rows, NOON), **columns, **categories, "request_id": ids}
    )


def batch_of(known: Contracts, rows: int) -> Batch:
    broker = MemoryBroker({"bench.requests.v1": 1})
    broker.send("bench.requests.v1", messages(known, rows), timestamp_ms=int(NOON))
    return Batch((broker.read("bench.requests.v1", [(0, 0, rows)]),), NOON)


def steady_ms() -> float:
    return time.perf_counter() * 1000


def seconds_each(call: Callable[[], object]) -> float:
    """Least CPU time of a call: nothing here waits, so what the machine does besides is left out."""
    call()
    taken: list[float] = []
    while sum(taken) < SECONDS or len(taken) < 5:
        started = time.thread_time()
        call()
        taken.append(time.thread_time() - started)
    return min(taken)


def stages(known: Contracts, batch: Batch, reader: WindowReader, serving: Serving) -> dict[str, Callable[[], object]]:
    """The steps of `PredictorJob.process`, each on what the one before it gave."""
    records, layout = batch.records[0], known.layout
    decoded = known.decode(records.values, ("Request",))
    part = take_in(decoded, records.headers, NOON, "c0").served
    assert part is not None
    c, windows = part.columns, reader.read(part.columns)
    x_BF = vectors(layout, c, windows.read.x_BW)
    output_BK, good_B = checked_outputs(layout, serving.model.predict_many(x_BF))
    told = verdicts(windows, True, False, False, good_B)
    asked = Asked(c["request_id"], c["c0"], c["request_time"], np.zeros(len(x_BF)))
    given = Given(output_BK, x_BF, told.status_B, told.reason_B, windows.read.features_time_B)
    codec, sketch, plan = known.codec("Prediction"), known.codec("Sketch"), predictions_plan(known.pipeline)
    rows = SourceRows(records.partition_B, records.offset_B, c["request_time"], 1)
    return {
        "decode": lambda: known.decode(records.values, ("Request",)),
        "intake": lambda: take_in(decoded, records.headers, NOON, "c0"),
        "windows": lambda: reader.read(c),
        "vectors": lambda: vectors(layout, c, windows.read.x_BW),
        "model": lambda: serving.model.predict_many(x_BF),
        "verdicts": lambda: verdicts(windows, True, False, False, checked_outputs(layout, output_BK)[1]),
        "encode": lambda: encode_served(codec, prediction_columns(asked, given, serving, Timing(NOON))),
        "sketch": lambda: sketch.encode(sketch_columns(plan, x_BF, rows)),
    }


def main() -> None:
    torch.set_num_threads(1)
    known = contracts()
    serving = Serving(1, bytes(32), InSlices(Mlp(known.layout.width, 256)))
    reader = WindowReader(known.pipeline, known.layout, filled_store(known), steady_ms, lambda _: False)
    job = PredictorJob(known, reader, Models(serving), MemoryMetrics("predictor"), steady_ms)
    for rows in BATCHES:
        batch = batch_of(known, rows)
        whole = seconds_each(lambda b=batch: job.process(b))  # type: ignore[misc]
        print(f"{rows:5d} rows a batch: {rows / whole:9,.0f} rows/s, {whole * 1e3:6.2f} ms a batch")
        for name, call in stages(known, batch, reader, serving).items():
            taken = seconds_each(call)
            print(f"        {name:9s} {taken * 1e3:7.3f} ms  {taken / rows * 1e6:6.2f} us/row")


if __name__ == "__main__":
    main()
