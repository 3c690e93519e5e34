"""What each safeguard keeps of an old concept, and what that costs the new one.

Run it with ``python -m benchmarks.safeguards_forgetting``.

Two concepts of River's Agrawal that do not contradict each other: function 0 for cars up to 10, then function 2 for the
others. Accuracy is on rows of both that are never learned. The learners are told where the second one begins, as the
concept bank would tell them. All have one network, one optimiser and, if they replay, a memory of 2,000.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.determinism import make_deterministic
from models.network import NetworkShape
from models.protocol import Float32, Float64
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_safeguards import Safeguards

RESULTS = Path(__file__).parent / "results" / "safeguards_forgetting.json"
ROWS, HELD_OUT, BATCH = 20_000, 5_000, 32
Rows = tuple[Float32, Float64]
REPLAY: Final = {"replay_kind": "reservoir", "replay_size": 2000, "replay_mix": 32}
LEARNERS: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "naive": ({}, {}),
    "reservoir": ({}, REPLAY),
    "class_balanced": ({}, REPLAY | {"replay_kind": "class_balanced"}),
    "concept_balanced": ({}, REPLAY | {"replay_kind": "concept_balanced"}),
    "reservoir and ewc": ({"ewc": {}}, REPLAY),
    "reservoir and synaptic_intelligence": ({"synaptic_intelligence": {}}, REPLAY),
    "reservoir and distillation": ({"distillation": {}}, REPLAY),
    "reservoir and logit_replay": ({"logit_replay": {}}, REPLAY),
    "reservoir and a_gem": ({"a_gem": {}}, REPLAY),
    "ewc alone, strength 100": ({"ewc": {"strength": 100}}, {}),
    "distillation alone": ({"distillation": {}}, {}),
}


def agrawal(function: int, wanted: Callable[[int], bool], seed: int) -> Rows:
    from river.datasets import synth

    rows = (pair for pair in iter(synth.Agrawal(function, seed=seed)) if wanted(int(pair[0]["car"])))
    pairs = list(islice(rows, ROWS + HELD_OUT))
    return np.array([list(x.values()) for x, _ in pairs], np.float32), np.array([float(y) for _, y in pairs])


def network() -> NetworkShape:
    """Salary, commission, age, house value, its years and the loan are numbers; level, car and zip code categories."""
    return NetworkShape((0, 1, 2, 6, 7, 8), ((3, 8), (4, 32), (5, 16)), 1, 64, 2, 8, 0.0)


def accuracy(learner: TorchLearner, rows: Rows) -> float:
    x_BF, y_B = rows[0][ROWS:], rows[1][ROWS:]
    return float(np.mean((learner.predict_many(x_BF)[:, 0] > 0.5) == y_B))


def teach(learner: TorchLearner, rows: Rows) -> None:
    for start in range(0, ROWS, BATCH):
        learner.learn_many(rows[0][start : start + BATCH], rows[1][start : start + BATCH])


def lived(name: str, first: Rows, second: Rows, seed: int) -> tuple[float, float, float]:
    """Accuracy on the first concept before and after the second, and on the second, in points of a hundred."""
    safeguards, replay = LEARNERS[name]
    words = {"replay_size": 0, "replay_mix": 0, **replay}
    learner = TorchLearner(
        TorchLearnerConfig(
            shape=network(),
            target="binary",
            width=9,
            optimiser=Optimiser(),
            averaging=0.0,
            seed=seed,
            safeguards=Safeguards.model_validate({"anchor": "concept", **safeguards}),
            **words,
        )
    )
    teach(learner, first)
    before = accuracy(learner, first)
    learner.on_concept(1)
    teach(learner, second)
    return 100 * before, 100 * accuracy(learner, first), 100 * accuracy(learner, second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/safeguards_forgetting.json")
    asked = parser.parse_args()
    make_deterministic()
    told: dict[str, Any] = {}
    streams = [
        (agrawal(0, lambda car: car <= 10, 2 * s), agrawal(2, lambda car: car > 10, 2 * s + 1))
        for s in range(asked.seeds)
    ]
    for name in LEARNERS:
        runs = [lived(name, *streams[seed], seed) for seed in range(asked.seeds)]
        lost, new = [after - before for before, after, _ in runs], [second for _, _, second in runs]
        told[name] = {"lost": lost, "new": new}
        spread = f"{min(lost):6.1f} to {max(lost):6.1f}"
        print(f"{name:38s} old {statistics.mean(lost):+6.1f} ({spread})   new {statistics.mean(new):5.1f}", flush=True)
    if asked.save:
        RESULTS.write_text(json.dumps({"rows": ROWS, "seeds": asked.seeds, "learners": told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
