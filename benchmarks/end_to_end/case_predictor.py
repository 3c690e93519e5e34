"""The predictor: 20 request features, 10 online features of two entities in Redis, and an MLP of 2 × 256."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.feature_store_redis import RedisFeatureStore
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from benchmarks.end_to_end.case import Case, Document, Ground, Load, Progress
from benchmarks.end_to_end.topics import GroupOffsets, committed_records, refuse_dead_letters
from models.assembly import pipeline_learner
from models.snapshot import encode_model
from schemas.contracts import Contracts
from schemas.feature_format import pack, pack_watermark, windows_fingerprint
from schemas.redis_keys import feature_keys, watermark_key
from schemas.status import Status
from schemas.topics import topic_name

NUMBERS, CATEGORIES, ENTITIES, SNAPSHOTS = 14, 6, 10_000, 4
AT_ONCE = 10_000
"""Entities written to Redis in one go."""
NOON, PANE_MS = 1_700_000_040_000, 60_000


def document() -> Document:
    """A pipeline of 20 request and 10 online features."""
    fields: dict[str, object] = {f"n{i}": {"type": "number", "range": [0, 100]} for i in range(NUMBERS)}
    fields |= {f"c{i}": {"type": "category", "buckets": 1024} for i in range(CATEGORIES)}
    event = {"a": {"type": "category"}, "b": {"type": "category"}, "v": {"type": "number", "range": [0, 9]}}
    common = {"event": "e", "value": "v", "over": ["2m", "10m"]}
    groups = [
        {**common, "key": {"c0": "a"}, "aggregates": ["mean", "count", "last"]},
        {**common, "key": {"c1": "b"}, "aggregates": ["mean", "sum"]},
    ]
    return {
        "request": {"entity": "c0", "fields": fields},
        "events": {"e": {"fields": event}},
        "windows": {"pane": "1m", "snapshots": SNAPSHOTS, "groups": groups},
        "target": {"type": "binary"},
        "join": {"wait": "1h"},
        "model": {"kind": "mlp", "hidden": 256, "blocks": 2},
    }


def requests(contracts: Contracts, rows: int, entities: int = ENTITIES) -> tuple[list[bytes], list[bytes]]:
    """Ids and encoded requests of entities drawn at random."""
    rng = np.random.default_rng(1)
    names = np.array([b"entity%08d" % i for i in range(entities)])
    ids = np.array([b"request-%012d" % i for i in range(rows)])
    columns: dict[str, NDArray[Any]] = {f"n{i}": rng.uniform(0, 100, rows) for i in range(NUMBERS)}
    columns |= {f"c{i}": names[rng.integers(0, entities, rows)] for i in range(CATEGORIES)}
    values = contracts.codec("Request").encode(
        {"request_time": np.full(rows, float(NOON)), **columns, "request_id": ids}
    )
    return ids.tolist(), values


def fill_stores(ground: Ground, entities: int = ENTITIES) -> None:
    """Give every entity its windows, and publish a network that has learned nothing."""
    contracts, client = ground.contracts, connect(ground.addresses.redis_url)
    pipeline, layout, store = contracts.pipeline, contracts.layout, RedisFeatureStore(client)
    fingerprint = windows_fingerprint(pipeline, layout)
    for first in range(0, entities, AT_ONCE):
        names = np.array([b"entity%08d" % i for i in range(first, min(first + AT_ONCE, entities))])
        times = np.tile(NOON - PANE_MS * np.arange(SNAPSHOTS - 1, -1, -1), len(names)).astype(np.int64)
        for kind in layout.kinds:
            x_PC = np.random.default_rng(first).random((len(times), len(kind.columns)), np.float32)
            packed = pack(times, x_PC, np.full(len(names), SNAPSHOTS), fingerprint)
            store.write(feature_keys(ground.name, kind.name, names), packed)
    marks = [watermark_key(ground.name, p) for p in range(pipeline.topics.partitions)]
    store.write(marks, [pack_watermark(NOON, fingerprint)] * len(marks))
    models, served = RedisModelStore(client, ground.name), pipeline_learner(pipeline).served()
    models.publish(1, models.put(encode_model(served, layout.names)[0]), "{}")
    client.close()


def prepare(ground: Ground, rows: int) -> list[Load]:
    """Stores, and all requests."""
    fill_stores(ground)
    return [Load(topic_name(ground.name, "requests"), *requests(ground.contracts, rows))]


def progress(ground: Ground, rows: int) -> Progress:
    """Requests answered."""
    return GroupOffsets(ground, "predictor", ("requests",))


def check(ground: Ground, rows: int) -> None:
    """Every request has one answer, from the model and on its own windows."""
    answered = 0
    for records in committed_records(ground, "predictions", ground.addresses.bootstrap):
        part, faults = ground.contracts.codec("Prediction").decode(records.values)
        if faults or (part.columns["status"] != Status.OK).any():
            raise ValueError(f"answers in {ground.name} are not what was to be measured")
        answered += len(part.row_N)
    if answered != rows:
        raise ValueError(f"{answered} answers to {rows} requests")
    refuse_dead_letters(ground)


CASE = Case(
    "predictor",
    "requests",
    f"{NUMBERS + CATEGORIES} request features and 10 online features of {ENTITIES:,} entities in Redis, "
    "an MLP of 2 × 256, standard Avro both ways, sketches for drift",
    120_000,
    1,
    ("exactly_once", "at_least_once"),
    document,
    prepare,
    progress,
    check,
)
