"""What each safeguard costs beside the naive update, in CPU time of one thread: ``python -m benchmarks.safeguards``.

The learners take turns within each round, on the same examples, so that whatever else the machine does falls on all of
them. Given are the medians over rounds, as shares of the naive learner's time in the same round.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from benchmarks.end_to_end.machine import load
from benchmarks.publishing import save, surroundings
from models.assembly import servable_learner_of
from models.determinism import make_deterministic
from models.protocol import Float32, Float64, Heeding, ServableLearner
from schemas.layout import Layout, RequestColumn
from schemas.pipeline_learning import Model, Replay
from schemas.pipeline_safeguards import Safeguards

NUMBERS, CATEGORIES, BUCKETS, BATCH = 16, 4, 1024, 64
NAIVE = "naive: no replay"
ALL: Final = ("parent", "ewc", "synaptic_intelligence", "distillation", "a_gem", "logit_replay")


def layout() -> Layout:
    numbers = [RequestColumn(f"n{i}", 0, -10, 10, True) for i in range(NUMBERS)]
    return Layout(
        (*numbers, *[RequestColumn(f"c{i}", BUCKETS, 0, BUCKETS, True) for i in range(CATEGORIES)]), (), "binary", 1
    )


def examples(rows: int) -> tuple[Float32, Float64]:
    random = np.random.default_rng(0)
    x_BF = random.normal(size=(rows, NUMBERS + CATEGORIES)).astype(np.float32)
    x_BF[:, NUMBERS:] = random.integers(0, BUCKETS, (rows, CATEGORIES))
    return x_BF, (x_BF[:, 0] + random.normal(size=rows) > 0).astype(np.float64)


def contestants() -> dict[str, ServableLearner]:
    """The naive update, the defaults of a pipeline file, and those with each safeguard and with all of them."""

    def made(replay: str = "reservoir", model: Mapping[str, Any] | None = None, *names: str) -> ServableLearner:
        safeguards = Safeguards.model_validate({name: {} for name in names})
        words = Model.model_validate(model or {})
        return servable_learner_of(words, Replay.model_validate({"kind": replay}), layout(), 0, safeguards)

    found = {NAIVE: made("none"), "defaults: reservoir replay": made()}
    found |= {f"{kind} replay": made(kind) for kind in ("class_balanced", "concept_balanced")}
    found |= {f"defaults and {name}": made("reservoir", None, name) for name in ALL}
    found["defaults and averaging"] = made(model={"averaging": 0.98})
    found["defaults and sam_radius"] = made(model={"optimiser": {"sam_radius": 0.05}})
    found["defaults and all six"] = made("reservoir", None, *ALL)
    return found


def seconds(learner: ServableLearner, x_BF: Float32, y_B: Float64) -> float:
    """CPU time to learn it, batch by batch."""
    begun = time.thread_time()
    for start in range(0, len(y_B), BATCH):
        learner.learn_many(x_BF[start : start + BATCH], y_B[start : start + BATCH])
    return time.thread_time() - begun


def measured(rounds: int, rows: int) -> dict[str, dict[str, float]]:
    learners, (x_BF, y_B) = contestants(), examples(rows)
    took: dict[str, list[float]] = {name: [] for name in learners}
    for learner in learners.values():
        seconds(learner, x_BF, y_B)
        if isinstance(learner, Heeding):
            learner.on_version()  # from here on there is something to hold to
    for r in range(rounds):
        order = list(learners)
        for name in order[r % len(order) :] + order[: r % len(order)]:
            took[name].append(seconds(learners[name], x_BF, y_B))
    return {
        name: {
            "examples_per_s": rows / statistics.median(own),
            "times_naive": statistics.median(a / b for a, b in zip(own, took[NAIVE], strict=True)),
        }
        for name, own in took.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=64 * BATCH)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/safeguards.json")
    asked, before = parser.parse_args(), load()
    make_deterministic()
    figures = measured(asked.rounds, asked.rows)
    for name, row in figures.items():
        print(f"{name:36s} {row['examples_per_s']:9,.0f} examples/s  {row['times_naive']:5.2f} × naive")
    if asked.save:
        told = {"batch": BATCH, "rounds": asked.rounds, "rows": asked.rows, "learners": figures}
        save("safeguards", told | surroundings(before))


if __name__ == "__main__":
    main()
