"""From verdicts to messages: the Prediction records of a batch. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec
from schemas.decoded import Columns
from schemas.status import Status
from services.predictor.intake import Refusal
from services.predictor.serving_model import NO_DIGEST, Serving


@dataclass(frozen=True, slots=True)
class Timing:
    """When, and how long, of a whole batch; ms."""

    answered_at: float
    features_ms: float = 0.0
    model_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked, B rows."""

    request_id_B: NDArray[np.bytes_]
    entity_B: NDArray[np.bytes_]
    request_time_B: NDArray[np.float64]
    queue_ms_B: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Given:
    """What is answered, B rows: K outputs and F columns, either of which may be none."""

    output_BK: NDArray[np.float32]
    x_BF: NDArray[np.float32]
    status_B: NDArray[np.uint8]
    reason_B: NDArray[np.bytes_]
    features_time_B: NDArray[np.float64]


def prediction_columns(asked: Asked, given: Given, serving: Serving | None, timing: Timing) -> Columns:
    """Columns of the Prediction record."""
    rows = len(asked.request_id_B)
    digest = serving.digest if serving else NO_DIGEST
    return {
        "request_time": asked.request_time_B,
        "answered_at": np.full(rows, timing.answered_at),
        "features_time": given.features_time_B,
        "queue_ms": asked.queue_ms_B.astype(np.float32),
        "features_ms": np.full(rows, timing.features_ms, np.float32),
        "model_ms": np.full(rows, timing.model_ms, np.float32),
        "digest": np.full(rows, np.void(digest), "V32"),
        "output": given.output_BK,
        "features": given.x_BF,
        "version": np.full(rows, serving.number if serving else 0, np.int64),
        "status": given.status_B,
        "request_id": asked.request_id_B,
        "entity": asked.entity_B,
        "reason": given.reason_B,
    }


def encode_served(codec: Codec, columns: Columns) -> tuple[list[bytes], list[bytes]]:
    """Encode answers; those with the status `error` lose their output. Returns keys (request ids) and values."""
    wrong_B = columns["status"] == Status.ERROR
    if not wrong_B.any():
        return columns["request_id"].tolist(), codec.encode(columns)
    right, wrong = _rows(columns, ~wrong_B), _rows(columns, wrong_B)
    wrong["output"] = wrong["output"][:, :0]
    parts = [part for part in (right, wrong) if len(part["status"])]
    keys = [key for part in parts for key in part["request_id"].tolist()]
    return keys, [value for part in parts for value in codec.encode(part)]


def encode_refusals(
    codec: Codec,
    refused: Sequence[Refusal],
    queue_ms_B: NDArray[np.float64],
    serving: Serving | None,
    timing: Timing,
) -> tuple[list[bytes], list[bytes]]:
    """Encode answers without a prediction: neither output nor vector. Returns keys (request ids) and values."""
    rows = len(refused)
    asked = Asked(
        np.array([r.request_id for r in refused]),
        np.array([r.entity for r in refused]),
        np.array([r.request_time for r in refused]),
        queue_ms_B,
    )
    given = Given(
        np.empty((rows, 0), np.float32),
        np.empty((rows, 0), np.float32),
        np.array([r.status for r in refused], np.uint8),
        np.array([r.reason.encode() for r in refused]),
        np.full(rows, np.nan),
    )
    return asked.request_id_B.tolist(), codec.encode(prediction_columns(asked, given, serving, timing))


def _rows(columns: Columns, pick_B: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    return {name: column[pick_B] for name, column in columns.items()}
