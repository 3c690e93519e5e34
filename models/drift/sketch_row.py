"""One sketch, as the watch takes it in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SketchRow:
    """One sketch; `counts_N` holds its histograms one after another, `outside_F` is empty if it was not counted.

    `moments` are sums as `models.drift.moments` says, None if they were not told; `sample` is packed as
    `models.drift.sample` says. `version` is the newest that answered these rows, 0: none; `trained_through` the event
    time, ms, of the newest label it had learned, 0: not told.
    """

    window_start: float
    watermark: float
    rows: int
    counts_N: NDArray[np.int64]
    partition: int
    partitions: int
    sequence: int
    outside_F: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    sample: bytes = b""
    version: int = 0
    trained_through: float = 0.0
    moments: tuple[int, ...] | None = None
