"""How long labels take, and how many answers have one: without them no figure can be judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from models.protocol import Float64, Snapshot

# Buckets grow by a twentieth from a second to some thirty years, so a quantile is off by at most 5 %.
_GROWTH: Final = math.log(1.05)
_FIRST_MS: Final = 1_000.0
_BUCKETS: Final = 430
QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


class LabelDelays:
    """A mergeable histogram of label delays, and coverage.

    Examples
    --------
    >>> delays = LabelDelays()
    >>> delays.answered(4)
    >>> delays.labelled(np.array([60_000.0, 120_000.0, 7_200_000.0]))
    >>> delays.coverage, round(delays.quantile_ms(0.5) / 60_000)
    (0.75, 2)
    """

    def __init__(self) -> None:
        self._histogram = np.zeros(_BUCKETS, np.int64)
        self._answers = 0

    def answered(self, count: int) -> None:
        """Count answers given."""
        self._answers += count

    def labelled(self, delay_ms_B: Float64) -> None:
        """Take in label time minus request time of joined labels; what is negative counts as at once."""
        bucket_B = np.ceil(np.log(np.maximum(delay_ms_B, _FIRST_MS) / _FIRST_MS) / _GROWTH).astype(np.int64)
        self._histogram += np.bincount(np.minimum(bucket_B, _BUCKETS - 1), minlength=_BUCKETS)

    @property
    def labels(self) -> int:
        """How many labels came."""
        return int(self._histogram.sum())

    @property
    def coverage(self) -> float:
        """Share of the answers that have their label; NaN before the first answer."""
        return self.labels / self._answers if self._answers else math.nan

    def quantile_ms(self, share: float) -> float:
        """Delay below which `share` of the labels came, in ms, at most 5 % too high; NaN before the first."""
        if not self.labels:
            return math.nan
        bucket = int(np.searchsorted(self._histogram.cumsum(), share * self.labels))
        return _FIRST_MS * math.exp(_GROWTH * min(bucket, _BUCKETS - 1))

    def quantiles_s(self, shares: Mapping[str, float]) -> dict[str, float]:
        """Quantiles by name, in seconds; NaN before the first."""
        return {name: self.quantile_ms(share) / 1000 for name, share in shares.items()}

    def merge(self, other: LabelDelays) -> None:
        """Take in what another has seen: the same as having seen it all."""
        self._histogram += other._histogram
        self._answers += other._answers

    def snapshot(self) -> Snapshot:
        """All of its state."""
        return Snapshot({"histogram": self._histogram.copy()}, {"answers": self._answers})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        self._histogram, self._answers = np.array(snapshot.tensors["histogram"]), int(snapshot.manifest["answers"])
