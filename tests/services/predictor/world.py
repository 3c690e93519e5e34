"""A small pipeline with its requests, windows and models, for the tests of the predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from adapters.ports import FeatureStore
from models.linear_model import LinearModel
from models.snapshot import encode_model
from schemas.contracts import Contracts, contracts_of
from schemas.feature_format import pack, pack_watermark, windows_fingerprint
from schemas.layout import Layout
from schemas.pipeline import Pipeline
from schemas.pipeline_file import parse_pipeline
from schemas.redis_keys import feature_keys, watermark_key
from schemas.topics import topic_name
from services.predictor.job import PredictorJob
from services.predictor.serving_model import Serving

PANE = 60_000
NOON = 1_700_000_040_000.0
"""The end of a pane."""
assert NOON % PANE == 0

_TARGETS: dict[str, dict[str, Any]] = {
    "binary": {"type": "binary"},
    "multiclass": {"type": "multiclass", "classes": 3},
    "regression": {"type": "regression", "range": [-10, 30]},
}


def pipeline(target: str = "binary", name: str = "shop", windows: bool = True, **serving: Any) -> Pipeline:
    group = {"event": "sold", "key": ["item"], "value": "price", "aggregates": ["mean", "count"], "over": ["2m"]}
    text = {
        "pipeline": name,
        "request": {
            "entity": "item",
            "fields": {
                "item": {"type": "category", "buckets": 8, "missing": "reject"},
                "shade": {"type": "category", "buckets": 4},
                "size": {"type": "number", "range": [0, 10]},
                "weight": {"type": "number", "range": [0, 5], "missing": "reject"},
            },
        },
        "events": {"sold": {"fields": {"item": {"type": "category"}, "price": {"type": "number", "range": [0, 99]}}}},
        "windows": {"pane": "1m", "snapshots": 3, "wait": "50ms", "groups": [group] if windows else []},
        "target": _TARGETS[target],
        "join": {"wait": "1h"},
        "serving": {"model_poll": "5ms", **serving},
    }
    return parse_pipeline(yaml.safe_dump(text), "shop.yaml")


def request_columns(ids: Sequence[str], time: float = NOON, **given: Any) -> dict[str, NDArray[Any]]:
    """Requests for items a0, a1, … in turn; a field given replaces its column."""
    rows = len(ids)
    columns = {
        "request_time": np.full(rows, time),
        "size": np.arange(rows) % 10,
        "weight": np.arange(rows) % 5,
        "item": np.array([f"a{i % 3}" for i in range(rows)]),
        "shade": np.array(["red", ""])[np.arange(rows) % 2],
        "request_id": np.array(ids),
    }
    for name, value in given.items():
        columns[name] = np.broadcast_to(np.asarray(value), rows)
    return columns


def requests(contracts: Contracts, ids: Sequence[str], time: float = NOON, **given: Any) -> list[bytes]:
    return contracts.codec("Request").encode(request_columns(ids, time, **given))


def write_windows(
    store: FeatureStore, contracts: Contracts, until: float, items: Sequence[str] = ("a0", "a1", "a2")
) -> None:
    """Snapshots of each item for the last three panes: the mean price is the item's place, the count the pane's."""
    layout, pipe = contracts.layout, contracts.pipeline
    fingerprint = windows_fingerprint(pipe, layout)
    times = np.tile([until - 2 * PANE, until - PANE, until], len(items)).astype(np.int64)
    values = np.stack([np.repeat(np.arange(len(items)), 3), np.tile([1, 2, 3], len(items))], axis=1).astype(np.float32)
    packed = pack(times, values, np.full(len(items), 3), fingerprint)
    store.write(feature_keys(pipe.pipeline, layout.kinds[0].name, np.array([i.encode() for i in items])), packed)
    store.write([watermark_key(pipe.pipeline, 0)], [pack_watermark(int(until), fingerprint)])


def model(layout: Layout, seed: int = 0) -> LinearModel:
    """A linear model with weights drawn from a seed."""
    rng = np.random.default_rng(seed)
    category = np.array(layout.buckets) > 0
    sizes = np.array([b for b in layout.buckets if b])
    return LinearModel(
        target=layout.target,
        places_N=np.flatnonzero(~category),
        places_C=np.flatnonzero(category),
        mean_N=rng.normal(size=int((~category).sum())),
        deviation_N=rng.uniform(0.5, 2, int((~category).sum())),
        weights_NK=rng.normal(size=(int((~category).sum()), layout.outputs)),
        codes_C=np.cumsum(sizes) - sizes,
        weights_VK=rng.normal(size=(int(sizes.sum()), layout.outputs)),
        bias_K=rng.normal(size=layout.outputs),
        label_scale=np.array([0.0, 1.0]),
    )


def blob(layout: Layout, seed: int = 0) -> bytes:
    return encode_model(model(layout, seed), layout.names)[0]


@dataclass
class FixedModels:
    """`Models` that the test sets."""

    serving: Serving | None = None
    away: bool = False
    lost: bool = False


def answers_of(contracts: Contracts, values: Sequence[bytes | None]) -> list[dict[str, Any]]:
    """Prediction records as rows."""
    part, faults = contracts.codec("Prediction").decode(values)
    assert faults == ()
    return [{n: c[i] for n, c in part.columns.items()} for i in range(len(part.row_N))]


def topics_of(pipe: Pipeline) -> MemoryBroker:
    roles = ("requests", "predictions", "sketches", "dead-letters")
    return MemoryBroker({topic_name(pipe.pipeline, role): 1 for role in roles})  # type: ignore[arg-type]


def answer_all(
    job: PredictorJob,
    contracts: Contracts,
    values: Sequence[bytes | None],
    headers: Sequence[tuple[tuple[str, bytes], ...]] | None = None,
    now_ms: float = NOON,
    **options: Any,
) -> tuple[list[dict[str, Any]], MemoryBroker]:
    """Send messages through the job; return the answers, and the broker with all else that it wrote."""
    pipe = contracts.pipeline
    broker = topics_of(pipe)
    broker.send(topic_name(pipe.pipeline, "requests"), values, headers=headers, timestamp_ms=int(now_ms))
    run_job_in_memory(job, broker, now_ms=now_ms, ticks=1, **options)
    stored = broker.records(topic_name(pipe.pipeline, "predictions"))
    answers = answers_of(contracts, [s.value for s in stored])
    assert [s.key for s in stored] == [a["request_id"] for a in answers]
    return answers, broker


def contracts(target: str = "binary", **options: Any) -> Contracts:
    return contracts_of(pipeline(target, **options))


def column(answers: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [a[name] for a in answers]
