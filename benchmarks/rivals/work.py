"""What every rival does to a batch of requests, with the predictor's own functions: the frameworks alone differ.

Left out, to the rivals' advantage: sketches for drift, dead letters, deadlines, and the swap of versions.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from numpy.typing import NDArray

from adapters.feature_store_redis import RedisFeatureStore
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from benchmarks.rivals.row import RowAnswering
from models.snapshot import decode_model
from schemas.codec import HEADER_BYTES
from schemas.contracts import Contracts, contracts_of
from schemas.decoded import Columns
from schemas.pipeline_file import parse_pipeline
from schemas.status import Status
from services.predictor.answers import Asked, Given, Timing, prediction_columns
from services.predictor.core import checked_outputs, vectors, verdicts
from services.predictor.device import InSlices
from services.predictor.serving_model import Serving
from services.predictor.window_reader import WindowReader

COLUMNS, FIELDS, ROWS = "columns", "fields", "rows"
BATCH: Final = 4096
"""Most messages that a rival takes at once."""

Answer = Callable[[Sequence[bytes]], list[tuple[bytes, bytes]]]
"""From the values of requests to keys and values of predictions."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a rival is told on its command line."""

    bootstrap: str
    source: str
    target: str
    answer: Answer


def task_of(description: str) -> Task:
    """Read the command line that all rivals share, and open the stores."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("bootstrap", "redis", "pipeline", "source", "target"):
        parser.add_argument(name)
    parser.add_argument("way", choices=(COLUMNS, FIELDS, ROWS))
    found = parser.parse_args()
    file = Path(found.pipeline)
    contracts = contracts_of(parse_pipeline(file.read_text(encoding="utf-8"), str(file)))
    answering = _Answering(contracts, found.redis)
    ways = {COLUMNS: answering.in_columns, FIELDS: answering.in_fields, ROWS: answering.in_rows}
    return Task(found.bootstrap, found.source, found.target, ways[found.way])


class _Answering:
    def __init__(self, contracts: Contracts, redis_url: str) -> None:
        torch.set_num_threads(1)
        pipeline, layout, client = contracts.pipeline, contracts.layout, connect(redis_url)
        models = RedisModelStore(client, pipeline.pipeline)
        pointer = models.current()
        assert pointer is not None, "the benchmark publishes a model first"
        model = InSlices(decode_model(models.get(pointer.digest), torch.device("cpu"), layout.names))
        self._serving = Serving(pointer.number, bytes.fromhex(pointer.digest), model)
        store = RedisFeatureStore(client)
        self._reader = WindowReader(pipeline, layout, store, _steady_ms, lambda _: False)
        self._row = RowAnswering(contracts, store, self._serving)
        self._contracts, self._layout = contracts, layout
        self._request, self._prediction = contracts.codec("Request"), contracts.codec("Prediction")
        self._reads, self._writes = parse_schema(self._request.schema), parse_schema(self._prediction.schema)
        self._header = b"\0" + self._prediction.schema_id.to_bytes(4, "big")

    def in_columns(self, values: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """Decode, answer and encode whole columns, as the predictor does."""
        part = self._contracts.decode(values, ("Request",)).parts[0]
        columns = self._answered(part.columns)
        return list(zip(columns["request_id"].tolist(), self._prediction.encode(columns), strict=True))

    def in_fields(self, values: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """Decode and encode record by record with fastavro; the windows and the model still take the batch at once."""
        records: list[dict[str, Any]] = []
        for value in values:
            found = schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), self._reads, None)
            assert isinstance(found, dict), "a request is a record"
            records.append(found)
        columns = self._answered({f.name: _column([r[f.name] for r in records]) for f in self._request.fields})
        return list(zip(columns["request_id"].tolist(), map(self._written, _rows(columns)), strict=True))

    def in_rows(self, values: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """Answer each request by itself."""
        return list(map(self._row.answer, values))

    def _answered(self, asked: Columns) -> Columns:
        started = _steady_ms()
        windows = self._reader.read(asked)
        x_BF = vectors(self._layout, asked, windows.read.x_BW)
        read = _steady_ms()
        output_BK, good_B = checked_outputs(self._layout, self._serving.model.predict_many(x_BF))
        told = verdicts(windows, True, False, False, good_B)
        if (told.status_B != Status.OK).any():
            raise ValueError("a rival's answers are not what is to be measured")
        who = Asked(asked["request_id"], asked["c0"], asked["request_time"], np.zeros(len(x_BF)))
        given = Given(output_BK, x_BF, told.status_B, told.reason_B, windows.read.features_time_B)
        timing = Timing(time.time() * 1000, read - started, _steady_ms() - read)
        return prediction_columns(who, given, self._serving, timing)

    def _written(self, record: dict[str, Any]) -> bytes:
        out = io.BytesIO()
        schemaless_writer(out, self._writes, record)
        return self._header + out.getvalue()


def _column(values: list[Any]) -> NDArray[Any]:
    return np.array([v.encode() for v in values]) if isinstance(values[0], str) else np.array(values, np.float64)


def _rows(columns: Columns) -> list[dict[str, Any]]:
    """Rows as fastavro takes them: text, plain numbers, and the symbol of an enum."""
    plain = {name: [_plain(name, value) for value in column] for name, column in columns.items()}
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def _plain(name: str, value: Any) -> Any:
    if name == "status":
        return Status(int(value)).symbol
    if isinstance(value, bytes):
        return value.decode()
    return value.tobytes() if isinstance(value, np.void) else value.tolist()


def _steady_ms() -> float:
    return time.perf_counter() * 1000
