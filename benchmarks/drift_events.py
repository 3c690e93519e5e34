"""Events that drift_watch finds: kind and pattern of seeded drifts, and how many on real streams.

``python -m benchmarks.drift_events [--seeds 50] [--data FOLDER]`` prints the tables. The real streams are not part of
the project; see `benchmarks.learning.streams`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.learning.streams import DATA, real_stream
from models.drift.derived import codes_of
from models.drift.event import Drift
from models.drift.sketch import labels_plan, predictions_plan
from schemas.pipeline import Pipeline
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.scenarios import (
    FROM,
    WINDOWS,
    Make,
    answered,
    blip,
    gradual,
    in_one_slice,
    incremental,
    lacking,
    moved,
    turned,
)
from tests.models.drift.streams import PANE_MS, Rows, drifts_of, feed, sketched, stream_pipeline

SEEDED: Final[dict[str, tuple[Make, str, str | None]]] = {
    "shift by two deviations": (moved, "covariate", "abrupt"),
    "shift by one deviation": (partial(moved, size=1.0), "covariate", "abrupt"),
    "shift that goes away": (blip, "covariate", "blip"),
    "mixture over five windows": (gradual, "covariate", "gradual"),
    "ramp over five windows": (incremental, "covariate", "incremental"),
    "values go missing": (lacking, "quality", "abrupt"),
}
LABELS: Final[dict[str, tuple[tuple[float, float], tuple[float, float], str]]] = {
    "more positive labels": ((0.2, 0.9), (0.6, 0.9), "prior"),
    "worse answers": ((0.5, 0.9), (0.5, 0.6), "concept"),
}
SHOPS: Final = ("north", "south", "east", "west", "web", "online")
JOINT: Final[dict[str, Any]] = {"joint": {"rows": 256}}
REAL: Final = {"elec2": (1000, 20, 1), "insects": (1000, 10, 0), "noaa": (500, 10, 0)}
"""Rows of a window, windows per false alarm, and the first column: that of elec2 is the date, which always moves on."""
SHUFFLES: Final = 3


def judged(found: Sequence[Sequence[Drift]], kind: str, pattern: str | None) -> str:
    """Share of streams in which all that was found is of that kind, and whose first drift went like that."""
    kinds = sum({d.kind for d in drifts} == {kind} for drifts in found)
    patterns = [next((d.pattern for d in drifts if d.state == "closed"), "none") for drifts in found]
    right = f"{sum(p == pattern for p in patterns) / len(found):.0%}" if pattern else "–"
    return f"{kinds / len(found):.0%} | {right}"


def of_labels(before: tuple[float, float], after: tuple[float, float], seed: int) -> list[Drift]:
    """Drifts of a stream of labels whose share of positives, and of right answers, changes at once."""
    random, pipeline = np.random.default_rng(seed), stream_pipeline()
    windows = [answered(random, *(before if w < FROM else after)) for w in range(WINDOWS)]
    return feed(pipeline, sketched(labels_plan(pipeline), windows), plan_of=labels_plan)


def print_seeded(seeds: int) -> None:
    """Print what is told of drifts that are known."""
    print(f"| {seeds} seeds of 400 rows a window | kind | found kind | found pattern |\n|---|---|---|---|")
    for name, (make, kind, pattern) in SEEDED.items():
        found = [drifts_of(stream_pipeline(), make(np.random.default_rng(seed))) for seed in range(seeds)]
        print(f"| {name} | {kind} | {judged(found, kind, pattern)} |", flush=True)
    for name, (before, after, kind) in LABELS.items():
        found = [of_labels(before, after, seed) for seed in range(seeds)]
        print(f"| {name} | {kind} | {judged(found, kind, 'abrupt')} |", flush=True)
    found = [drifts_of(stream_pipeline(**JOINT), turned(np.random.default_rng(seed))) for seed in range(seeds)]
    print(f"| two columns go together in another way | joint | {judged(found, 'joint', 'abrupt')} |", flush=True)
    found = [drifts_of(stream_pipeline(**JOINT), moved(np.random.default_rng(seed))) for seed in range(seeds)]
    print(f"| shift, with `joint` | covariate | {judged(found, 'covariate', 'abrupt')} |", flush=True)
    found = [of_one_slice(seed) for seed in range(seeds)]
    print(
        f"| worse answers for one value of six, `slices` | concept | {judged(found, 'concept', 'abrupt')} |", flush=True
    )


def of_one_slice(seed: int) -> list[Drift]:
    """Drifts of a stream of labels whose answers become worse for one value of a category, of 1,200 rows a window."""
    random, pipeline = np.random.default_rng(seed), stream_pipeline(slices={"who": SHOPS})
    codes_S = np.array(codes_of(SHOPS, 64), np.float32)
    windows, vectors = in_one_slice(random, codes_S, bad=seed % len(SHOPS))
    return feed(pipeline, sketched(labels_plan(pipeline), windows, vectors=vectors), plan_of=labels_plan)


def print_joint(data: Path) -> None:
    """Print how many events of all columns together real streams have besides those of their columns."""
    print("\n| stream | joint events at the bands | with false_alarms | in windows | shuffled |\n|---|---|---|---|---|")
    for name, (size, allowed, first) in REAL.items():
        x_NF = real_stream(name, data).x_TF[:, first:]
        held = {"false_alarms": allowed, **JOINT}
        copies = [x_NF[np.random.default_rng(seed).permutation(len(x_NF))] for seed in range(SHUFFLES)]
        shuffled = sum(len(events_of(copy, size, drift)) for copy in copies for drift in (JOINT, held))
        found = events_of(x_NF, size, held, "joint")
        told = f"{len(events_of(x_NF, size, JOINT, 'joint'))} | {len(found)} at N = {allowed} | {found} | {shuffled}"
        print(f"| {name} | {told} |", flush=True)


def numbers_pipeline(x_NF: Rows, drift: dict[str, Any]) -> Pipeline:
    """Make a pipeline of a stream's columns, each with the range that it has."""
    low_F, high_F = x_NF.min(axis=0).tolist(), x_NF.max(axis=0).tolist()
    ranges = [(low, max(high, low + 1e-3)) for low, high in zip(low_F, high_F, strict=True)]
    fields = {f"f{i}": {"type": "number", "range": range_} for i, range_ in enumerate(ranges)}
    settings = {"window": PANE_MS, "reference": 4, "minimum": 50, "tests": {"columns": {"who": "none"}}} | drift
    return small_pipeline(request={"entity": "who", "fields": {"who": {"type": "category"}, **fields}}, drift=settings)


def events_of(x_NF: Rows, size: int, drift: dict[str, Any], kind: str = "") -> list[int]:
    """Windows that events begin in, of one kind or all."""
    pipeline = numbers_pipeline(x_NF, drift)
    rows_NF = np.concatenate([np.ones((len(x_NF), 1), np.float32), x_NF], axis=1)
    windows = [rows_NF[at : at + size] for at in range(0, len(rows_NF) - size + 1, size)]
    drifts = feed(pipeline, sketched(predictions_plan(pipeline), windows))
    return [round(d.since / PANE_MS) for d in drifts if d.state == "opened" and kind in ("", d.kind)]


def print_real(data: Path) -> None:
    """Print how many events real streams have, as they came and shuffled."""
    print(
        "\n| stream | windows | at the bands | with false_alarms | in windows | shuffled |\n|---|---|---|---|---|---|"
    )
    for name, (size, allowed, first) in REAL.items():
        x_NF = real_stream(name, data).x_TF[:, first:]
        held = {"false_alarms": allowed}
        copies = [x_NF[np.random.default_rng(seed).permutation(len(x_NF))] for seed in range(SHUFFLES)]
        shuffled = sum(len(events_of(copy, size, drift)) for copy in copies for drift in ({}, held))
        found = events_of(x_NF, size, held)
        told = f"{len(events_of(x_NF, size, {}))} | {len(found)} at N = {allowed} | {found} | {shuffled}"
        print(f"| {name} | {len(x_NF) // size} of {size} | {told} |", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    print_seeded(arguments.seeds)
    print_real(arguments.data)
    print_joint(arguments.data)


if __name__ == "__main__":
    main()
