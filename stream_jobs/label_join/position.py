"""How far a partition of the join has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Position:
    """How far a partition has come, and what became of all rows read (names as in ``join_position.avsc``)."""

    predictions_time: float = -np.inf
    labels_time: float = -np.inf
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Reached:
    """The largest event time of each input up to and with this batch, and which of them has nothing more to read."""

    predictions_time: float
    labels_time: float
    predictions_idle: bool = False
    labels_idle: bool = False
