"""Where models compute, and how their blobs become models there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from models.snapshot import decode_model
from schemas.errors import ConfigurationError
from schemas.layout import Layout
from services.predictor.serving_model import Predicts


def choose_device(wanted: str) -> torch.device:
    """Return the torch device of a name; ``auto`` is CUDA where there is one, else the CPU.

    On the CPU torch is bound to one thread: batches are small, and the second core does the I/O.

    Raises
    ------
    ConfigurationError
        There is no such device.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    try:
        device = torch.device(
            "cuda" if wanted == "auto" and torch.cuda.is_available() else wanted.replace("auto", "cpu")
        )
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        known = "auto, cpu" + ", cuda" * torch.cuda.is_available()
        raise ConfigurationError(
            f"There is no torch device {wanted!r} here.", f"Set ANABRANCH_DEVICE: {known}."
        ) from error
    if device.type == "cpu":
        torch.set_num_threads(1)
    return device


SLICE: Final = 1024
"""Rows that a model on the CPU is given at once."""


def most_at_once(device: torch.device, max_batch: int) -> int:
    """Rows of the largest batch that a model ever sees on a device: a new one is tried with so many.

    Examples
    --------
    >>> most_at_once(torch.device("cpu"), 4096), most_at_once(torch.device("cuda"), 4096)
    (1024, 4096)
    """
    return min(max_batch, SLICE) if device.type == "cpu" else max_batch


@dataclass(frozen=True, slots=True)
class InSlices:
    """A model that is given a few rows at a time, so that what lies between its layers stays in the processor's cache.

    Seen: 4,096 rows through an MLP of 2 x 256 take 9 ms in slices of 1,024, and 13 to 17 ms in one.
    """

    model: Predicts
    rows: int = SLICE

    def predict_many(self, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answer B rows with K outputs each."""
        slices = [x_BF[at : at + self.rows] for at in range(0, max(1, len(x_BF)), self.rows)]
        return np.concatenate([self.model.predict_many(x_SF) for x_SF in slices])


def loader_for(device: torch.device, layout: Layout) -> Callable[[bytes], Predicts]:
    """Make what turns blobs into models on a device, refusing those for other columns."""

    def load(blob: bytes) -> Predicts:
        model = decode_model(blob, device, layout.names)
        return InSlices(model) if device.type == "cpu" else model

    return load
