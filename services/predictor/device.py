"""Where models compute, and how their blobs become models there."""

from __future__ import annotations

from collections.abc import Callable

import torch

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


def loader_for(device: torch.device, layout: Layout) -> Callable[[bytes], Predicts]:
    """Make what turns blobs into models on a device, refusing those for other columns."""
    return lambda blob: decode_model(blob, device, layout.names)
