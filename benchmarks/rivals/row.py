"""The same work for one request, as a careful user of a record-at-a-time framework writes it."""

from __future__ import annotations

import io
import struct
import time
from typing import Any, Final

import numpy as np
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from adapters.ports import FeatureStore
from schemas.codec import HEADER_BYTES
from schemas.contracts import Contracts
from schemas.entity_key import entity_text
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.layout import category_codes
from schemas.redis_keys import watermark_key
from services.predictor.serving_model import Serving

_SIZE: Final = struct.Struct("<HH")


class RowAnswering:
    """Answers one request at a time.

    Parameters
    ----------
    contracts : Contracts
        Its windows must not fade with time, and its categories have equally many codes.
    store : FeatureStore
    serving : Serving
    """

    def __init__(self, contracts: Contracts, store: FeatureStore, serving: Serving) -> None:
        pipeline, layout = contracts.pipeline, contracts.layout
        self._store, self._serving, self._layout = store, serving, layout
        self._name, self._pane = pipeline.pipeline, pipeline.windows.pane
        self._fingerprint = windows_fingerprint(pipeline, layout)
        self._mark = watermark_key(self._name, 0)
        self._numbers = [c.name for c in layout.request if not c.buckets]
        self._categories = [c.name for c in layout.request if c.buckets]
        (self._buckets,) = {c.buckets for c in layout.request if c.buckets}
        prediction = contracts.codec("Prediction")
        self._reads, self._writes = parse_schema(contracts.codec("Request").schema), parse_schema(prediction.schema)
        self._header = b"\0" + prediction.schema_id.to_bytes(4, "big")

    def answer(self, value: bytes) -> tuple[bytes, bytes]:
        """Key and value of the prediction."""
        started = time.perf_counter()
        found: Any = schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), self._reads, None)
        texts = np.array([found[name].encode() for name in self._categories])
        numbers = np.array([found[name] for name in self._numbers], np.float32)
        windows, at = self._windows(found)
        x_1F = np.concatenate((numbers, category_codes(texts, self._buckets), windows))[None]
        read = time.perf_counter()
        output_K = self._serving.model.predict_many(x_1F)[0]
        done = time.perf_counter()
        answer = {
            "request_time": found["request_time"],
            "answered_at": time.time() * 1000,
            "features_time": at,
            "queue_ms": 0.0,
            "features_ms": (read - started) * 1000,
            "model_ms": (done - read) * 1000,
            "digest": self._serving.digest,
            "output": output_K.tolist(),
            "features": x_1F[0].tolist(),
            "version": self._serving.number,
            "status": "ok",
            "request_id": found["request_id"],
            "entity": found["c0"],
            "reason": "",
        }
        out = io.BytesIO()
        schemaless_writer(out, self._writes, answer)
        return found["request_id"].encode(), self._header + out.getvalue()

    def _windows(self, request: dict[str, Any]) -> tuple[np.ndarray[Any, np.dtype[np.float32]], float]:
        keys = [self._mark] + [
            b"anabranch:%s:f:%s:%s"
            % (self._name.encode(), kind.name.encode(), entity_text([np.array([request[f].encode()])])[0])
            for kind in self._layout.kinds
            for f in kind.request_fields
        ]
        mark, *held = self._store.read(keys)
        at = min(request["request_time"] // self._pane * self._pane, unpack_watermark(mark, self._fingerprint))
        return np.concatenate([_as_of(value, at) for value in held]), at


def _as_of(value: bytes | None, at: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Values of the newest snapshot that is not younger than `at`, ms."""
    assert value is not None, "the benchmark fills the store"
    size, columns = _SIZE.unpack_from(value, 12)
    times = struct.unpack_from(f"<{size}q", value, 16)
    place = max(i for i, time_ms in enumerate(times) if time_ms <= at)
    return np.frombuffer(value, "<f4", columns, 16 + 8 * size + 4 * columns * place)
