"""Events that drift_watch finds: kind and pattern of seeded drifts, and how many on real streams.

python -m benchmarks.drift_events [--seeds 50] [--data FOLDER] [--out]

The real streams are not part of the project; see `benchmarks.learning.streams`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.end_to_end.machine import load
from benchmarks.learning.streams import DATA, real_stream
from benchmarks.publishing import publish, surroundings
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
    returning,
    turned,
)
from tests.models.drift.streams import PANE_MS, Rows, drifts_of, feed, sketched, stream_pipeline

SHOPS: Final = ("north", "south", "east", "west", "web", "online")
JOINT: Final[dict[str, Any]] = {"joint": {"rows": 256}}
REAL: Final = {"elec2": (1000, 20, 1), "insects": (1000, 10, 0), "noaa": (500, 10, 0)}
"""Rows of a window, windows per false alarm, and the first column: that of elec2 is the date, which always moves on."""
SHUFFLES: Final = 3
SEEDED_COLUMNS = ["", "kind", "pattern", "found", "kind right (aim 95 %)", "pattern right (aim 85 %)"]
SEEDED_ABOUT = (
    "One drift of one kind in each of {seeds} seeded streams, in windows of 400 rows (1,200 for the slices), at the "
    "settings as they come. The kind is right if all events of a stream are of that kind, the pattern if the drift's "
    "event is said to have gone that way. `python -m benchmarks.drift_events` repeats it."
)
REAL_COLUMNS = ["", "windows", "events at the bands", "with `false_alarms`", "in windows", "joint ones", "shuffled"]
REAL_ABOUT = (
    "Events of real streams, in windows of their own order and shuffled three times (all columns, alone and jointly, "
    "at the bands and with `false_alarms`). In window 17 of electricity lies row 17,424, where three constant columns "
    "begin to move. `python -m benchmarks.drift_events` repeats it."
)


@dataclass(frozen=True, slots=True)
class Case:
    """A drift that is known, and what is found in the stream of a seed; `nth` of its events is the one judged."""

    name: str
    kind: str
    pattern: str
    drifts: Callable[[int], list[Drift]]
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """In how many streams something was found, and kind and pattern were right."""

    seeds: int
    found: int
    kinds: int
    patterns: int


def judged(case: Case, seeds: int) -> Judged:
    """Look at as many streams as there are seeds."""
    found = [case.drifts(seed) for seed in range(seeds)]
    closed = [[d.pattern for d in drifts if d.state == "closed"] for drifts in found]
    kinds = sum({d.kind for d in drifts} == {case.kind} for drifts in found)
    return Judged(seeds, sum(map(bool, found)), kinds, sum([case.pattern] == p[case.nth :][:1] for p in closed))


def of_columns(make: Make, seed: int, **drift: Any) -> list[Drift]:
    """Drifts of a stream of requests."""
    return drifts_of(stream_pipeline(**drift), make(np.random.default_rng(seed)))


def of_labels(before: tuple[float, float], after: tuple[float, float], seed: int) -> list[Drift]:
    """Drifts of a stream of labels whose share of positives, and of right answers, changes at once."""
    random, pipeline = np.random.default_rng(seed), stream_pipeline()
    windows = [answered(random, *(before if w < FROM else after)) for w in range(WINDOWS)]
    return feed(pipeline, sketched(labels_plan(pipeline), windows), plan_of=labels_plan)


def of_one_slice(seed: int) -> list[Drift]:
    """Drifts of a stream of labels whose answers become worse for one value of a category, of 1,200 rows a window."""
    random, pipeline = np.random.default_rng(seed), stream_pipeline(slices={"who": SHOPS})
    codes_S = np.array(codes_of(SHOPS, 64), np.float32)
    windows, vectors = in_one_slice(random, codes_S, bad=seed % len(SHOPS))
    return feed(pipeline, sketched(labels_plan(pipeline), windows, vectors=vectors), plan_of=labels_plan)


CASES: Final = (
    Case("shift by two deviations", "covariate", "abrupt", partial(of_columns, moved)),
    Case("shift by one deviation", "covariate", "abrupt", partial(of_columns, partial(moved, size=1.0))),
    Case("shift that goes away", "covariate", "blip", partial(of_columns, blip)),
    Case("mixture over five windows", "covariate", "gradual", partial(of_columns, gradual)),
    Case("ramp over five windows", "covariate", "incremental", partial(of_columns, incremental)),
    Case("shift back to what was before", "covariate", "recurring", partial(of_columns, returning), nth=1),
    Case("values go missing", "quality", "abrupt", partial(of_columns, lacking)),
    Case("more positive labels", "prior", "abrupt", partial(of_labels, (0.2, 0.9), (0.6, 0.9))),
    Case("worse answers", "concept", "abrupt", partial(of_labels, (0.5, 0.9), (0.5, 0.6))),
    Case("worse answers for one value of six, `slices`", "concept", "abrupt", of_one_slice),
    Case("two columns turn against each other, `joint`", "joint", "abrupt", partial(of_columns, turned, **JOINT)),
    Case("shift by two deviations, with `joint`", "covariate", "abrupt", partial(of_columns, moved, **JOINT)),
)


def told(case: Case, found: Judged) -> list[str]:
    """Write a row of the table."""
    shares = (f"{n / found.seeds:.0%}".replace("%", " %") for n in (found.found, found.kinds, found.patterns))
    return [case.name, case.kind, case.pattern, *shares]


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


def of_stream(x_NF: Rows, size: int, allowed: int) -> dict[str, list[int]]:
    """Windows in which events of a real stream begin, by how they were looked for."""
    held = {"false_alarms": allowed}
    copies = [x_NF[np.random.default_rng(seed).permutation(len(x_NF))] for seed in range(SHUFFLES)]
    settings: tuple[dict[str, Any], ...] = ({}, held, JOINT, held | JOINT)
    return {
        "at_bands": events_of(x_NF, size, {}),
        "held": events_of(x_NF, size, held),
        "joint_at_bands": events_of(x_NF, size, JOINT, "joint"),
        "joint_held": events_of(x_NF, size, held | JOINT, "joint"),
        "shuffled": [window for copy in copies for drift in settings for window in events_of(copy, size, drift)],
    }


def row(name: str, x_NF: Rows, found: dict[str, list[int]]) -> list[str]:
    """Write a row of the table of real streams."""
    size, allowed, _ = REAL[name]
    held = f"{len(found['held'])} at N = {allowed}"
    joint = f"{len(found['joint_at_bands'])}, {len(found['joint_held'])}"
    where = ", ".join(map(str, found["held"])) or "none"
    windows = f"{len(x_NF) // size} of {size:,} rows"
    return [name, windows, f"{len(found['at_bands'])}", held, where, joint, f"{len(found['shuffled'])}"]


def seeded(seeds: int) -> Iterator[tuple[list[str], Any]]:
    """Rows of the table of known drifts, with what they stand for."""
    for case in CASES:
        found = judged(case, seeds)
        yield (
            told(case, found),
            {"drift": case.name, "found": found.found, "kind": found.kinds, "pattern": found.patterns},
        )


def real(data: Path) -> Iterator[tuple[list[str], Any]]:
    """Rows of the table of real streams, with what they stand for."""
    for name, (size, allowed, first) in REAL.items():
        x_NF = real_stream(name, data).x_TF[:, first:]
        found = of_stream(x_NF, size, allowed)
        yield row(name, x_NF, found), {"stream": name, **found}


def printed(rows: Iterator[tuple[list[str], Any]]) -> tuple[list[list[str]], list[Any]]:
    """Take rows as they come, and say them."""
    cells, results = list[list[str]](), list[Any]()
    for one, result in rows:
        print(" | ".join(one), flush=True)
        cells.append(one)
        results.append(result)
    return cells, results


def main() -> None:
    """Print both tables; with ``--out`` write the results and the page of benchmarks."""
    parser = argparse.ArgumentParser("python -m benchmarks.drift_events", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the streams")
    parser.add_argument("--out", action="store_true", help="write the results and the page of benchmarks")
    asked = parser.parse_args()
    of_seeds = SEEDED_ABOUT.format(seeds=asked.seeds)
    for name, title, about, columns, rows in (
        ("drift_events", "Drift events: kind and pattern", of_seeds, SEEDED_COLUMNS, seeded(asked.seeds)),
        ("drift_events_real", "Drift events of real streams", REAL_ABOUT, REAL_COLUMNS, real(asked.data)),
    ):
        before = load()
        cells, results = printed(rows)
        shown = {"title": title, "about": about, "columns": columns, "rows": cells}
        if asked.out:
            publish(name, {"results": results, "table": shown, **surroundings(before)})


if __name__ == "__main__":
    main()
