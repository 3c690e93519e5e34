"""A log as a loop would have left it, of any length: answers of the prior made up, all else by the real jobs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from adapters.ports import Batch, Outgoing, Outputs, Records
from benchmarks.end_to_end.case_predictor import CATEGORIES, NUMBERS, document
from schemas.contracts import Contracts
from schemas.topics import Role, topic_name
from stream_jobs.feature_windows.fan_out import FanOut
from stream_jobs.label_join.job import LabelJoin

BATCH, LAG = 4096, 3
"""Rows of each input in a batch, and batches by which labels come after their answers."""
NOON_MS, STEP_MS, ENTITIES = 1.7e12, 10.0, 10_000
_NOT_YET = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE}
GROUPS: dict[Role, str] = {
    "requests": "predictor",
    "predictions": "label_join",
    "labels": "label_join",
    "features": "feature_windows.fan_out",
}


def pipeline_text() -> str:
    """The pipeline of the predictor's benchmark: 20 request features, 10 online ones."""
    return yaml.safe_dump({"pipeline": "verified", **document()}, sort_keys=False)


def write_log(contracts: Contracts, bootstrap: str, rows: int) -> int:
    """Write a log of so many requests, on one partition, and commit what was read of it; returns its records."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "queue.buffering.max.messages": 1_000_000})
    written = 0
    for out in _log(contracts, -(-rows // BATCH)):
        for key, value in zip(out.keys, out.values, strict=True):
            producer.produce(out.topic, value, key, 0)
        written += len(out.values)
        while len(producer) > 400_000:
            producer.poll(0.05)
        producer.poll(0)
    if producer.flush(120):
        raise ValueError("the log was not written")
    for role, group in GROUPS.items():
        _commit(bootstrap, f"{contracts.pipeline.pipeline}.{group}", topic_name(contracts.pipeline.pipeline, role))
    return written


def _log(contracts: Contracts, batches: int) -> Iterator[Outgoing]:
    name = contracts.pipeline.pipeline
    join, fan_out = LabelJoin(contracts), FanOut(contracts, 1, 1)
    join.assign(0, [])
    fan_out.assign(0, [])
    for turn in range(batches + LAG):
        inputs = [_records(contracts, "predictions", turn)] if turn < batches else []
        inputs += [_records(contracts, "labels", turn - LAG)] if turn >= LAG else []
        jobs: list[Outputs] = []
        if turn < batches:
            features = _records(contracts, "features", turn)
            yield _outgoing(_records(contracts, "requests", turn))
            yield _outgoing(features)
            jobs.append(fan_out.process(Batch((features,), 0.0)))
        yield from map(_outgoing, inputs)
        jobs.append(join.process(Batch(tuple(inputs), 0.0)))
        wanted = [topic_name(name, role) for role in ("panes", "examples", "join-changelog", "dead-letters")]
        yield from (out for outputs in jobs for out in outputs.records if out.topic in wanted)


def _outgoing(records: Records) -> Outgoing:
    return Outgoing(records.topic, records.keys, records.values, 0)


def _records(contracts: Contracts, role: Role, turn: int) -> Records:
    offset_B = np.arange(turn * BATCH, (turn + 1) * BATCH)
    values = _values(contracts, role, offset_B)
    keys = [b"%d" % offset for offset in offset_B.tolist()]
    topic = topic_name(contracts.pipeline.pipeline, role)
    return Records(topic, np.zeros(BATCH, np.int32), offset_B, offset_B, keys, values, [()] * BATCH)


def _values(contracts: Contracts, role: Role, row_B: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Sequence[bytes]:
    time_B, ids = NOON_MS + STEP_MS * row_B, np.char.add(b"request-", np.char.zfill(row_B.astype("S12"), 12))
    rng = np.random.default_rng(int(row_B[0]))
    entities = np.char.add(b"entity", (row_B % ENTITIES).astype("S8"))
    if role == "labels":
        columns = {"label_time": time_B + 60_000, "value": row_B % 2 * 1.0, "request_id": ids, "labeller": ids}
        return contracts.codec("Label").encode(columns)
    if role == "features":
        return contracts.codec("e").encode(
            {"event_time": time_B, "v": rng.uniform(0, 9, BATCH), "a": entities, "b": entities}
        )
    if role == "requests":
        numbers = {f"n{i}": rng.uniform(0, 100, BATCH) for i in range(NUMBERS)}
        categories = {f"c{i}": entities for i in range(CATEGORIES)}
        return contracts.codec("Request").encode({"request_time": time_B, **numbers, **categories, "request_id": ids})
    zeros = {n: np.zeros(BATCH) for n in ("answered_at", "features_time", "queue_ms", "features_ms", "model_ms")}
    return contracts.codec("Prediction").encode(
        {
            **zeros,
            "request_time": time_B,
            "digest": np.full(BATCH, bytes(32), "V32"),
            "output": rng.random((BATCH, contracts.layout.outputs), np.float32),
            "features": rng.random((BATCH, contracts.layout.width), np.float32),
            "version": np.zeros(BATCH, np.int64),
            "status": np.full(BATCH, 3, np.uint8),
            "request_id": ids,
            "entity": entities,
            "reason": np.full(BATCH, b"there is no model yet: the prior is served"),
        }
    )


def _commit(bootstrap: str, group: str, topic: str, patience: int = 100) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), 10)
    for left in reversed(range(patience)):
        try:
            consumer.commit(offsets=[TopicPartition(topic, 0, end)], asynchronous=False)
            break
        except KafkaException as error:  # a new broker is still taking up the offsets topic
            if not left or error.args[0].code() not in _NOT_YET:
                raise
            time.sleep(0.1)
    consumer.close()
