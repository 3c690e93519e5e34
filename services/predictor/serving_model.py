"""A version as it serves, and the trial that it must stand before it does."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from schemas.layout import Layout
from services.predictor.core import checked_outputs

NO_DIGEST = bytes(32)


class Predicts(Protocol):
    """A model: all that serving asks of it."""

    def predict_many(self, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answer B rows with K outputs each."""
        ...


@dataclass(frozen=True, slots=True)
class Serving:
    """A version, loaded and tried. `digest` is the SHA-256 of its blob, 32 bytes.

    `trained_through` is the event time, ms, of the newest label that it had learned; 0: its manifest does not tell.
    """

    number: int
    digest: bytes
    model: Predicts
    trained_through: float = 0.0


class Models(Protocol):
    """Where the job asks before each batch. Reading is atomic and never blocks."""

    @property
    def serving(self) -> Serving | None:
        """The version to answer from; None: there is none yet."""
        ...

    @property
    def away(self) -> bool:
        """Whether the store did not answer when it was last asked."""
        ...

    @property
    def lost(self) -> bool:
        """Whether the store, when last asked, knew nothing of the version that serves, or of any as new."""
        ...


def told_trained_through(manifest: str | None) -> float:
    """Read from a version's manifest up to when it had learned, ms of event time; 0 where that is not told.

    Examples
    --------
    >>> told_trained_through('{"trained_through": 1362700800000.0}'), told_trained_through(None)
    (1362700800000.0, 0.0)
    """
    try:
        told = float(json.loads(manifest or "{}").get("trained_through", 0.0))
    except (ValueError, TypeError, AttributeError):  # only the drift watch asks: no reason to refuse a model
        return 0.0
    return told if math.isfinite(told) else 0.0


def probe_rows(layout: Layout, rows: int) -> NDArray[np.float32]:
    """Rows from the bounds, the middle and the gaps of what the pipeline allows, shape (rows, F)."""
    low_F, high_F = np.array(layout.ranges, np.float32).reshape(-1, 2).T
    high_F = np.where(np.array(layout.buckets) > 0, high_F - 1, high_F)
    middle_F = np.where(np.array(layout.buckets) > 0, low_F, (low_F + high_F) / 2)
    must = [c.reject_missing for c in layout.request]
    gaps_F = np.where(must + [False] * (layout.width - len(must)), middle_F, np.nan)
    return np.resize(np.stack([low_F, middle_F, high_F, gaps_F]), (rows, layout.width)).astype(np.float32)


def try_out(model: Predicts, layout: Layout, largest_batch: int) -> None:
    """Let a model answer made-up rows: it is warm afterwards, and fit to serve.

    Raises
    ------
    DataError
        It answers with another shape, or with what is no answer.
    """
    for rows in sorted({1, 4, min(64, largest_batch), largest_batch}):
        output_BK = model.predict_many(probe_rows(layout, rows))
        if output_BK.shape != (rows, layout.outputs):
            raise DataError(
                f"The model answers {rows} rows with shape {output_BK.shape}, not {(rows, layout.outputs)}."
            )
        if not checked_outputs(layout, output_BK)[1].all():
            raise DataError(
                "The model's answers to rows within the declared ranges are not finite or no probabilities."
            )
