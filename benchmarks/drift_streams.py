"""Windows of real streams against the windows before them, in their own order and shuffled: how often is it drift?

python -m benchmarks.drift_streams [--data FOLDER] [--copies 10] [--out]

The streams are not part of the project; see `benchmarks.learning.streams`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.end_to_end.machine import load
from benchmarks.learning.streams import DATA, real_stream
from benchmarks.publishing import publish, surroundings
from models.drift.statistics.corrections import benjamini_hochberg, holm
from models.drift.statistics.records import ks_floor, record_score
from models.drift.statistics.reference import reference_of
from models.drift.statistics.two_sample import compare

WINDOWS = {"elec2": 1000, "insects": 500, "noaa": 365}
REFERENCE, PAST, LEVEL, FACTOR = 7, 3, 0.01, 2.0
COLUMNS = ["", "windows judged", "significant, Benjamini–Hochberg", "significant, Holm", "alarms", "in the windows"]
ABOUT = (
    f"Each window against the {REFERENCE} before it, column by column, by Kolmogorov–Smirnov. Significant: some column "
    f"at {LEVEL:g} after correction. Alarm: significant after Holm, and some column lies at least {FACTOR:g} times as "
    f"far from its reference as ever before, over at least {PAST} windows. Elec2 in windows of 1,000 rows (three "
    "constant columns begin to move at row 17,424, in window 17), INSECTS of 500 (gradual, about window 28), NOAA "
    "weather of 365 (a year). Shuffled: {copies} copies together. `python -m benchmarks.drift_streams` repeats it."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one window."""

    window: int
    rate_p: float
    family_p: float
    score: float
    column: int

    @property
    def is_alarm(self) -> bool:
        return self.family_p <= LEVEL and self.score > FACTOR


def judged(x_TF: np.ndarray, rows: int) -> Iterator[Judged]:
    """Every window that has a reference and a past."""
    parts = [x_TF[start : start + rows] for start in range(0, len(x_TF) - rows + 1, rows)]
    past: list[np.ndarray] = []
    for number in range(REFERENCE, len(parts)):
        reference = reference_of(np.concatenate(parts[number - REFERENCE : number]))
        found = compare(reference, parts[number], method="limit")
        if len(past) >= PAST:
            score, column = record_score(np.array(past), found.ks_F, ks_floor(REFERENCE * rows, rows))
            rate_p, family_p = (float(correct(found.ks_p_F).min()) for correct in (benjamini_hochberg, holm))
            yield Judged(number, rate_p, family_p, score, column)
        past.append(found.ks_F)


def row(title: str, found: list[Judged]) -> list[str]:
    alarms = [j.window for j in found if j.is_alarm]
    significant = [sum(p <= LEVEL for p in ps) for ps in ([j.rate_p for j in found], [j.family_p for j in found])]
    return [title, *(f"{n:,}" for n in (len(found), *significant, len(alarms))), ", ".join(map(str, alarms)) or "none"]


def main() -> None:
    """Judge, print; with ``--out`` write the result and the page of benchmarks."""
    parser = argparse.ArgumentParser("python -m benchmarks.drift_streams", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the streams")
    parser.add_argument("--copies", type=int, default=10, help="shuffled copies of each (default 10)")
    parser.add_argument("--out", action="store_true", help="write the result and the page of benchmarks")
    asked = parser.parse_args()
    before, results, rows = load(), dict[str, Any](), []
    for name, size in WINDOWS.items():
        x_TF = real_stream(name, asked.data).x_TF
        shuffled = [x_TF[np.random.default_rng(seed).permutation(len(x_TF))] for seed in range(asked.copies)]
        ordered, at_random = list(judged(x_TF, size)), [j for copy_TF in shuffled for j in judged(copy_TF, size)]
        results[name] = {"ordered": [asdict(j) for j in ordered], "shuffled": [asdict(j) for j in at_random]}
        rows += [row(f"{name}, in its order", ordered), row(f"{name}, shuffled", at_random)]
        print("\n".join(" | ".join(cells) for cells in rows[-2:]), flush=True)
    if asked.out:
        about = ABOUT.format(copies=asked.copies)
        shown = {"title": "Drift of real streams", "about": about, "columns": COLUMNS, "rows": rows}
        publish("drift_streams", {"judged": results, "table": shown, **surroundings(before)})


if __name__ == "__main__":
    main()
