"""What reactions are worth when all answers turn round: ``python -m benchmarks.reactions [--save]``.

A stream of one concept, then of its contradiction, folded as the learner does, with reservoir replay that goes on
mixing in the old answers. Given is the accuracy of the version that serves, on examples before they are learned.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.end_to_end.machine import load
from benchmarks.publishing import save, surroundings
from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from schemas.contracts import Contracts, contracts_of
from schemas.examples import Examples
from schemas.pipeline_file import parse_pipeline
from services.learner.core import step
from services.learner.effects import Candidate
from services.learner.plan import plan_of
from services.learner.state import first_state

STAY, BATCH, NOISE = 6144, 32, 0.1
PIPELINE: Final = """
pipeline: turns
request:
  entity: shop
  fields:
    shop: {type: category, buckets: 2}
    price: {type: number, range: [-10, 10]}
    stock: {type: number, range: [-10, 10]}
target: {type: binary}
join: {wait: 1h}
model: {kind: mlp, hidden: 32, blocks: 1, averaging: 0.98, optimiser: {rate: 0.002}}
learner: {batch: 32, cadence: 256, checkpoint: 1000000, replay: {size: 8000, mix: 64}, reactions: [RULE]}
gate: {policy: better, concepts: {window: 128, sample: 128}}
"""
WORSE: Final = "{worse: {by: 0.05, window: 256}, do: ACTION}"
POLICIES: Final = {
    "none": "",
    "raise_rate": "{raise_rate: {times: 5, over: 2000}}",
    "reset_head and raise_rate": "{reset_head: true, raise_rate: {times: 5, over: 2000}}",
    "retrain, incremental": "{retrain: {how: incremental, last: 256, passes: 8}}",
    "retrain, full": "{retrain: {how: full, last: 256, passes: 8}}",
}


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is held in memory."""

    examples: Examples

    def between(self, first: int, end: int) -> Iterator[Examples]:
        """Offsets are places here."""
        yield self.examples[first:end]


def contracts_for(action: str) -> Contracts:
    rule = WORSE.replace("ACTION", action) if action else ""
    return contracts_of(parse_pipeline(PIPELINE.replace("RULE", rule), "turns.yaml"))


def turning(seed: int) -> Examples:
    """The price decides, and from `STAY` on it decides the other way round; some labels are wrong."""
    random, rows = np.random.default_rng(seed), 2 * STAY
    x_BF = random.normal(size=(rows, 3)).astype(np.float32)
    x_BF[:, 0] = 0
    turned_B = np.arange(rows) >= STAY
    y_B = ((x_BF[:, 1] > 0) != turned_B) != (random.random(rows) < NOISE)
    offset_B, zeros_B = np.arange(rows), np.zeros(rows, np.int64)
    time_B, answer_BK = 1.3e12 + 1000.0 * offset_B.astype(np.float64), np.full((rows, 1), 0.5, np.float32)
    label_B, seen_B, nobody_B = y_B.astype(np.float64), np.ones(rows, np.bool_), np.full(rows, b"")
    return Examples(offset_B, time_B, time_B + 1, label_B, seen_B, zeros_B, answer_BK, x_BF, nobody_B)


def lived(action: str, seed: int) -> dict[str, float]:
    """Accuracy in the 2,048 examples after the turn and in the last 2,048, and when another version was served."""
    contracts, log = contracts_for(action), turning(seed)
    plan, right_B, published = plan_of(contracts.pipeline), np.zeros(len(log)), list[int]()
    state = first_state(plan, pipeline_learner(contracts.pipeline))
    for start in range(0, len(log), BATCH):
        batch, champion = log[start : start + BATCH], state.court.champion if state.court else None
        if champion is not None:
            answer_B = champion.model.predict_many(batch.features_BF)[:, 0] > 0.5
            right_B[start : start + BATCH] = answer_B == batch.label_B
        state, effects = step(plan, state, batch, (), Log(log))
        published += [e.examples for e in effects if isinstance(e, Candidate) and e.decision.admitted]
    after = [examples - STAY for examples in published if examples > STAY]
    figures = {"just_after": right_B[STAY : STAY + 2048].mean(), "at_the_end": right_B[-2048:].mean()}
    return {**{name: float(100 * value) for name, value in figures.items()}, "published_after": float(after[0])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/reactions.json")
    asked, before = parser.parse_args(), load()
    make_deterministic()
    found: dict[str, dict[str, list[float]]] = {}
    for name, action in POLICIES.items():
        lives = [lived(action, seed) for seed in range(asked.seeds)]
        found[name] = {figure: [life[figure] for life in lives] for figure in lives[0]}
        row = "  ".join(f"{figure} {statistics.mean(values):6.1f}" for figure, values in found[name].items())
        print(f"{name:28s} {row}", flush=True)
    if asked.save:
        save("reactions", {"seeds": asked.seeds, "policies": found, **surroundings(before)})


if __name__ == "__main__":
    main()
