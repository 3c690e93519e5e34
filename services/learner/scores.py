"""Test, then train: what the examples say of the answers as served, and of the learner before it learned them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

from models.evaluation.delays import QUANTILES, LabelDelays
from models.evaluation.prequential import Prequential
from models.protocol import Float32, Snapshot
from schemas.examples import Examples
from schemas.layout import Layout

_LOSSES: Final = ("log_loss", "rmse")


class Scores:
    """Prequential figures of both scorers on the same examples in the same order, with delays and coverage.

    ``served`` is the version that answered; ``learner`` is the learner at the time of the label, which knows more.
    Coverage is the share of examples with a label that came, not the default that the join gave at timeout: examples
    without either do not come here, so the join's own counters know the rest.

    Parameters
    ----------
    layout : Layout
        Of the pipeline.
    window : int
        Labelled examples in each window.
    """

    def __init__(self, layout: Layout, window: int) -> None:
        self._window = window
        self._scorers = {name: Prequential(layout.target, layout.outputs, window) for name in ("served", "learner")}
        self._delays = LabelDelays()

    def add(self, batch: Examples, own_BK: Float32) -> None:
        """Score a batch that the learner answered with `own_BK` before learning it."""
        self._scorers["served"].add(batch.output_BK, batch.label_B)
        self._scorers["learner"].add(own_BK, batch.label_B)
        self._delays.answered(len(batch))
        came = batch.observed_B.nonzero()[0]
        self._delays.labelled((batch.label_time_B - batch.request_time_B)[came])

    @property
    def windows(self) -> int:
        """How many windows are full."""
        return self._scorers["served"].windows

    @property
    def coverage(self) -> float:
        """See the class; NaN before the first example."""
        return self._delays.coverage

    def delays_s(self) -> dict[str, float]:
        """Quantiles of label time minus request time, in seconds; NaN before the first."""
        return self._delays.quantiles_s(QUANTILES)

    def means(self) -> Mapping[str, Mapping[str, float]]:
        """Mean figures over the full windows, by scorer."""
        return {name: scorer.mean() for name, scorer in self._scorers.items()}

    def losses(self) -> dict[str, float]:
        """Losses in the window that is filling, by scorer; none while it is empty."""
        found = {name: s.open_window() for name, s in self._scorers.items() if s.scored % self._window}
        return {f"{name}_{loss}": values[loss] for name, values in found.items() for loss in _LOSSES if loss in values}

    def as_json(self) -> str:
        """For the record of a version; what is not known yet is null."""
        scorers = {
            name: {"mean": s.mean(), "last": dict(s.recent()[-1]) if s.windows else {}, "windows": s.windows}
            for name, s in self._scorers.items()
        }
        whole = {**scorers, "label_delay_seconds": self.delays_s(), "label_coverage": self.coverage}
        return json.dumps(_known(whole), sort_keys=True, allow_nan=False)

    def snapshot(self) -> Snapshot:
        """All of its state."""
        parts = {name: s.snapshot() for name, s in self._scorers.items()} | {"delays": self._delays.snapshot()}
        tensors = {f"{part}/{name}": t for part, snapshot in parts.items() for name, t in snapshot.tensors.items()}
        return Snapshot(tensors, {part: snapshot.manifest for part, snapshot in parts.items()})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        parts: dict[str, Prequential | LabelDelays] = {**self._scorers, "delays": self._delays}
        for name, part in parts.items():
            own = {k.removeprefix(f"{name}/"): t for k, t in snapshot.tensors.items() if k.startswith(f"{name}/")}
            part.restore(Snapshot(own, snapshot.manifest[name]))


def _known(value: object) -> object:
    """Replace numbers that are not finite, which JSON does not know, by null."""
    if isinstance(value, Mapping):
        return {key: _known(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
