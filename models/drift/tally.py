"""What is known of the rows of a stretch of time: histograms, and how many were missing or out of range."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.moments import added, as_entry, mean_and_spread
from models.drift.sample import merged
from models.drift.sketch import SketchPlan

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows from `start` to `end`, ms, of F columns in K bins.

    `counts_FB` has K + 1 bins, the last for missing; `outside_F` rows out of range lie in the outermost bins too.
    `sample` holds some of the rows whole, as `models.drift.sample` packs them; `moments` sums, as
    `models.drift.moments` makes them, if all sketches told them.
    """

    start: float
    end: float
    counts_FB: Counts
    outside_F: Counts
    sample: bytes = b""
    moments: tuple[int, ...] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.counts_FB[0].sum()) if len(self.counts_FB) else 0

    @property
    def present_FK(self) -> Counts:
        """Counts without what is missing."""
        return self.counts_FB[:, :-1]

    @property
    def missing_F(self) -> Counts:
        """Rows that lack each column."""
        return self.counts_FB[:, -1]

    def to_json(self) -> dict[str, Any]:
        """Write it down for a table, small: a broker takes no messages above a megabyte."""
        packed = b64encode(zlib.compress(self.counts_FB.astype("<i8").tobytes())).decode()
        sample = {"sample": b64encode(self.sample).decode()} if self.sample else {}
        told = sample | as_entry(self.moments)
        return {"start": self.start, "end": self.end, "counts": packed, "outside": self.outside_F.tolist(), **told}

    def means_and_spreads(self, plan: SketchPlan, columns: Sequence[int]) -> list[tuple[float, float]]:
        """Mean and standard deviation of those of these columns that are numbers; none if no sums were told."""
        if self.moments is None:
            return []
        present_F = self.present_FK.sum(axis=1)
        return [mean_and_spread(plan, self.moments, present_F, f) for f in columns if f not in plan.categories]


def tally_of(plan: SketchPlan, entries: Sequence[dict[str, Any]], start: float, end: float) -> Tally:
    """Merge what entries of the table hold: panes, or what `to_json` wrote.

    Of one that has no `outside`, from before it was counted, no row is; without `moments` of one there are none of all.

    Examples
    --------
    >>> plan = SketchPlan("predictions", ("a",), 2, np.zeros(1), np.full(1, 2.0), np.ones(1), np.empty(0, np.intp), 100)
    >>> tally = tally_of(plan, [{"counts": [1, 2, 0]}, {"counts": [0, 3, 1], "outside": [2]}], 0, 100)
    >>> tally.counts_FB, tally.outside_F, tally.rows
    (array([[1, 5, 1]]), array([2]), 7)
    """
    counts_N, outside_F = np.zeros(plan.size, np.int64), np.zeros(len(plan.names), np.int64)
    for entry in entries:
        if "counts" not in entry:  # a pane's sample
            continue
        counts_N += _counts(entry["counts"])
        outside_F += np.array(entry.get("outside") or np.zeros(len(plan.names)), np.int64)
    samples = [b64decode(entry["sample"]) for entry in entries if entry.get("sample")]
    sample = merged(plan.sample_rows, plan.width, *samples) if plan.sample_rows else b""
    told = [entry.get("moments") for entry in entries if "counts" in entry]
    moments = added([(0,) * (2 * len(plan.measured)), *told])
    return Tally(start, end, counts_N.reshape(len(plan.names), plan.bins + 1), outside_F, sample, moments)


def _counts(written: list[int] | str) -> Counts:
    if isinstance(written, str):
        return np.frombuffer(zlib.decompress(b64decode(written)), "<i8").astype(np.int64)
    return np.array(written, np.int64)
