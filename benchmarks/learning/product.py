"""The product as it learns and serves: the learner's own fold, with gate, concept bank and recall, without Kafka.

Nobody tells it where concepts begin. What answers is the version that serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from benchmarks.learning.memory import BATCH, HIDDEN, MEMORY, MIX, RATE
from benchmarks.learning.streams import Stream
from models.assembly import pipeline_learner
from models.gate_court import Regime
from models.protocol import Float32, Float64, ServedModel
from models.snapshot import decode_model
from schemas.examples import Examples
from schemas.pipeline import Pipeline
from services.learner.core import step
from services.learner.effects import Candidate
from services.learner.plan import plan_of
from services.learner.state import first_state

MODEL: Final[Mapping[str, Any]] = {"optimiser": {"rate": RATE}}
GATE: Final[Mapping[str, Any]] = {"follow": 2048, "concepts": {"sample": 2048}}
LEARNER: Final[Mapping[str, Any]] = {
    "cadence": 128,
    "reactions": [{"alarm": "error_rate", "do": {"raise_rate": {"times": 2, "over": 1000}}}],
}
"""Chosen on seeds 11 to 16 of the scenarios, one set for all; no figure is of these seeds."""


class Product:
    """A learner in its fold.

    Parameters
    ----------
    replay : str
        Kind of the replay memory.
    gate, model, learner : mapping
        What the pipeline file says of the gate, beside its policy, of the model, and of the learner, beside its replay.
    """

    def __init__(
        self,
        stream: Stream,
        seed: int,
        replay: str,
        *,
        gate: Mapping[str, Any] = GATE,
        model: Mapping[str, Any] = MODEL,
        learner: Mapping[str, Any] = LEARNER,
    ) -> None:
        pipeline = _pipeline(stream, {"policy": "better", **gate}, model, _learner(seed, replay, learner))
        self._plan = plan_of(pipeline)
        self._state = first_state(self._plan, pipeline_learner(pipeline))
        self._served: ServedModel = self._state.learner.served()
        self.published = 0
        self.recalls: list[int] = []
        """After how many examples a banked version was published again."""

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer with the version that serves."""
        return self._served.predict_many(_keyed(x_BF))

    def predict_ungated(self, x_BF: Float32) -> Float32:
        """Answer with the learner itself, which no gate holds back."""
        return self._state.learner.predict_many(_keyed(x_BF))

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Let the fold have it."""
        self._state, effects = step(self._plan, self._state, self._examples(x_BF, y_B))
        for effect in effects:
            if isinstance(effect, Candidate) and effect.decision.admitted:
                self._served = decode_model(effect.blob)
                self.published += 1
                self.recalls += [self._state.place.examples] if effect.concept else []

    @property
    def regime(self) -> Regime:
        """The present one."""
        assert self._state.court is not None, "its gate is `better`"
        return self._state.court.regime

    def _examples(self, x_BF: Float32, y_B: Float64) -> Examples:
        offset_B = self._state.place.next_offset + np.arange(len(y_B))
        return Examples(
            offset_B=offset_B,
            request_time_B=offset_B.astype(np.float64),
            label_time_B=offset_B.astype(np.float64),
            label_B=y_B,
            observed_B=np.ones(len(y_B), np.bool_),
            version_B=np.zeros(len(y_B), np.int64),
            output_BK=self.predict_many(x_BF),
            features_BF=_keyed(x_BF),
            labeller_B=np.full(len(y_B), b""),
        )


def _keyed(x_BF: Float32) -> Float32:
    return np.concatenate((x_BF, np.zeros((len(x_BF), 1), np.float32)), axis=1)


def _learner(seed: int, replay: str, learner: Mapping[str, Any]) -> Mapping[str, Any]:
    memory = {"kind": replay, "size": MEMORY, "mix": MIX}
    return {"batch": BATCH, "checkpoint": 10**9, "seed": seed, "replay": memory, **learner}


def _pipeline(
    stream: Stream, gate: Mapping[str, Any], model: Mapping[str, Any], learner: Mapping[str, Any]
) -> Pipeline:
    """The columns, and one that a request must have to be keyed by, which nothing heeds."""
    low_F, high_F = stream.x_TF.min(axis=0).tolist(), stream.x_TF.max(axis=0).tolist()
    fields: dict[str, Any] = {
        f"x{place}": {"type": "category", "buckets": stream.categories[place]}
        if place in stream.categories
        else {"type": "number", "range": [low, max(high, low + 1)]}
        for place, (low, high) in enumerate(zip(low_F, high_F, strict=True))
    }
    classes = {"classes": stream.classes} if stream.target == "multiclass" else {}
    return Pipeline.model_validate(
        {
            "pipeline": "forgetting",
            "request": {"entity": "key", "fields": fields | {"key": {"type": "category", "buckets": 2}}},
            "target": {"type": stream.target, **classes},
            "join": {"wait": "1h"},
            "model": {**model, "hidden": HIDDEN, "ignore": ["key"]},
            "learner": learner,
            "gate": gate,
        }
    )
