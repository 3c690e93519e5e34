"""Who forgets, and who remembers: one network with each safeguard, by name.

All have one network, its first weights, one optimiser and, if they replay, one size of memory; `avalanche_twins` has
the same. They are told where concepts begin, as Avalanche's strategies are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.learning.streams import Stream
from models.network import NetworkShape
from models.time_ensemble import TimeEnsemble
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_safeguards import Safeguards

BATCH: Final = 32
HIDDEN: Final = 64
RATE: Final = 1e-3
MEMORY: Final = 2_000
MIX: Final = 32

Words = tuple[str, Mapping[str, Any], int]
NONE: Final[Mapping[str, Any]] = {}
SAFEGUARDED: Final[dict[str, Words]] = {
    "naive": ("none", NONE, MIX),
    "replay, reservoir": ("reservoir", NONE, MIX),
    "replay, class balanced": ("class_balanced", NONE, MIX),
    "replay, concept balanced": ("concept_balanced", NONE, MIX),
    "logit replay": ("concept_balanced", {"logit_replay": {}}, MIX),
    "A-GEM": ("concept_balanced", {"a_gem": {}}, 0),
    "EWC": ("none", {"ewc": {}}, MIX),
    "synaptic intelligence": ("none", {"synaptic_intelligence": {}}, MIX),
    "distillation": ("none", {"distillation": {}}, MIX),
    "L2 to the parent": ("none", {"parent": {}}, MIX),
    "replay and EWC": ("reservoir", {"ewc": {}}, MIX),
    "replay and synaptic intelligence": ("reservoir", {"synaptic_intelligence": {}}, MIX),
    "replay and distillation": ("reservoir", {"distillation": {}}, MIX),
    "replay and A-GEM": ("reservoir", {"a_gem": {}}, MIX),
    "ensemble over time": ("none", {"ensemble": {"every": 2048}}, MIX),
}
"""Kind of replay, safeguards, and how many examples are replayed with each batch; strengths are the defaults."""


def shape_of(stream: Stream) -> NetworkShape:
    """The product's default network at half its width; what the stream calls categories are embedded."""
    categories = tuple(sorted(stream.categories.items()))
    numbers = tuple(place for place in range(stream.x_TF.shape[1]) if place not in stream.categories)
    return NetworkShape(numbers, categories, stream.outputs, hidden=HIDDEN, blocks=2, embedding=8, dropout=0.0)


def remembering(
    stream: Stream, seed: int, replay: str = "none", safeguards: Mapping[str, Any] = NONE, mix: int = MIX
) -> TorchLearner | TimeEnsemble:
    """Make a learner that has learned nothing."""
    chosen = Safeguards.model_validate({"anchor": "concept", **safeguards})
    config = TorchLearnerConfig(
        shape=shape_of(stream),
        target=stream.target,
        width=stream.x_TF.shape[1],
        optimiser=Optimiser(rate=RATE),
        averaging=0.0,
        seed=seed,
        replay_size=0 if replay == "none" else MEMORY,
        replay_mix=mix,
        replay_kind="reservoir" if replay == "none" else replay,
        safeguards=chosen,
    )
    return TorchLearner(config) if chosen.ensemble is None else TimeEnsemble(config, chosen.ensemble)
