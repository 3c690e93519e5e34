"""From decoded requests and windows to vectors, and from what the model gave to verdicts. Pure.

Shapes: B rows, F columns of the vector, W of them from windows, K outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.decoded import Columns
from schemas.feature_read import WindowVectors
from schemas.layout import Layout, category_codes
from schemas.pipeline import Pipeline
from schemas.status import Status

_FEW: Final = 256
"""Rows whose categories are hashed together: texts are as wide as the widest among them, so not more."""

_ROUNDING = 1e-6
"""By so much a probability may leave [0, 1] and still be taken for rounding: what I5 allows a recomputation too."""

CAUSES: Final = (
    (Status.OK, ""),
    (Status.STALE, "the request is older than the snapshots kept (windows.snapshots): its windows are missing"),
    (Status.STALE, "the windows had not come to the request's pane within windows.wait: the newest were served"),
    (Status.STALE, "the feature store has no windows yet, or has lost them and gets them again: they are missing"),
    (Status.DEGRADED, "the model store is away: the last good model serves"),
    (Status.DEGRADED, "the model store has lost its versions: the last good model serves"),
    (Status.DEGRADED, "the feature store is away or has lost its data: the last known windows serve"),
    (Status.PRIOR, "there is no model yet: the prior is served"),
    (Status.ERROR, "the model's output is not finite or no probability"),
)
"""Every cause of a status, the worse ones later: what `cause_B` points into."""
_OUT_OF_REACH, _LATE, _NO_WINDOWS, _MODELS_AWAY, _MODELS_LOST, _WINDOWS_AWAY, _NO_MODEL, _NO_ANSWER = range(
    1, len(CAUSES)
)
_STATUSES = np.array([status for status, _ in CAUSES], np.uint8)
_REASONS = np.array([reason.encode() for _, reason in CAUSES])


@dataclass(frozen=True, slots=True)
class Windows:
    """The window columns of a batch as served."""

    read: WindowVectors
    away: bool
    """The feature store did not answer or has lost its data: the last known values, NaN where none were known."""


def vectors(layout: Layout, columns: Columns, windows_BW: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the vectors together, in the order of the layout.

    Parameters
    ----------
    columns : Mapping of str to ndarray
        Decoded ``Request`` records: numbers float32 (B,), categories ``S<n>`` (B,).
    windows_BW : ndarray of float32, shape (B, W)

    Returns
    -------
    ndarray of float32, shape (B, F)
        NaN is missing; categories are codes.
    """
    split = len(layout.request)
    x_BF = np.empty((len(windows_BW), layout.width), np.float32)
    for place, column in enumerate(layout.request):
        if not column.buckets:
            x_BF[:, place] = columns[column.name]
    places = [place for place, column in enumerate(layout.request) if column.buckets]
    texts = [columns[layout.request[place].name] for place in places]
    if texts and len(windows_BW) <= _FEW:
        x_BF[:, places] = _codes(layout, places, texts)
    else:
        for place, text_B in zip(places, texts, strict=True):
            x_BF[:, place] = category_codes(text_B, layout.request[place].buckets)
    x_BF[:, split:] = windows_BW
    return x_BF


def _codes(layout: Layout, places: list[int], texts: list[NDArray[np.bytes_]]) -> NDArray[np.float32]:
    """Codes of all categories at once, (B, C): in a small batch it is the number of calls that takes the time."""
    buckets_C = np.array([layout.request[place].buckets for place in places])
    text_CB = np.concatenate(texts)
    codes = category_codes(text_CB, np.repeat(buckets_C, len(texts[0])))
    return codes.reshape(len(places), -1).T


def prior_output(pipeline: Pipeline) -> NDArray[np.float32]:
    """Answer before there is a model, shape (K,): as the file says; else a half, all alike, the middle of the range."""
    if pipeline.serving.prior is not None:
        return np.array(pipeline.serving.prior, np.float32)
    target = pipeline.target
    if target.range is not None:
        return np.array([sum(target.range) / 2], np.float32)
    return np.full(target.outputs, 1 / max(2, target.outputs), np.float32)


def checked_outputs(layout: Layout, output_BK: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Tell answers from nonsense: all must be finite and, unless it is a regression, probabilities.

    Returns
    -------
    output_BK : ndarray of float32, shape (B, K)
        With what rounding added beyond 0 and 1 taken off again.
    good_B : ndarray of bool, shape (B,)
    """
    good_B = np.asarray(np.isfinite(output_BK).all(axis=1), np.bool_)
    if layout.target == "regression":
        return output_BK, good_B
    with np.errstate(invalid="ignore"):
        good_B &= ((output_BK >= -_ROUNDING) & (output_BK <= 1 + _ROUNDING)).all(axis=1)
    return np.clip(output_BK, 0, 1), good_B


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How each answer came about, B rows."""

    status_B: NDArray[np.uint8]
    reason_B: NDArray[np.bytes_]


def verdicts(
    windows: Windows, has_model: bool, models_away: bool, models_lost: bool, good_B: NDArray[np.bool_]
) -> Verdicts:
    """Give each row the status of the worst that befell it."""
    cause_B = np.zeros(len(good_B), np.intp)
    cause_B[windows.read.out_of_reach_B] = _OUT_OF_REACH
    cause_B[windows.read.stale_B] = _LATE if windows.read.watermark > -np.inf else _NO_WINDOWS
    befell = (models_away, models_lost, windows.away, not has_model)
    for cause, befallen in zip((_MODELS_AWAY, _MODELS_LOST, _WINDOWS_AWAY, _NO_MODEL), befell, strict=True):
        if befallen:
            cause_B[:] = cause
    cause_B[~good_B] = _NO_ANSWER
    return Verdicts(_STATUSES[cause_B], _REASONS[cause_B])
