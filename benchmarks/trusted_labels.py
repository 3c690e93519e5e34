"""How soon lies are found that contradict trusted labellers, and how often honest labels are taken for lies.

python -m benchmarks.trusted_labels [--data FOLDER] [--seeds 5] [--out]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from benchmarks.end_to_end.machine import load
from benchmarks.learning.streams import DATA, REAL, Stream, real_stream
from benchmarks.publishing import publish, surroundings
from models.freeze import Guard, Limits
from models.freeze_facts import Facts
from models.trusted_holdout import TrustedHoldout, TrustedRules

LIES: Final = (0.0, 0.25, 0.5, 1.0)
BATCH: Final = 64
TRUSTED: Final = 0.1
LIMITS: Final = Limits(window=1024, contradicted=0.2)
COLUMNS = ["stream", "others that lie", "honest windows that froze", "found", "after, examples", "could be held"]
ABOUT = (
    "A tenth of the labels, chosen at random, are of a trusted labeller, all others of one that lies from the middle "
    "of the stream on, with the chance given. `freeze: {{window: 1024, trusted: {{labellers: [audit]}}}}`, all else as "
    "it comes. {seeds} seeds together; a stream without lies is honest to its end. "
    "`python -m benchmarks.trusted_labels` repeats it."
)


@dataclass(frozen=True, slots=True)
class Trial:
    """Windows that froze before any lie, honest windows, examples until the lies froze (-1: never), and share held."""

    false: int
    windows: int
    found_after: int
    held: float


def rules_of(stream: Stream) -> TrustedRules:
    columns = tuple(range(stream.x_TF.shape[1]))
    is_category = tuple(column in stream.categories for column in columns)
    return TrustedRules(frozenset({b"audit"}), 256, 5, columns, is_category, len(columns), stream.target)


def trial(stream: Stream, lies: float, seed: int) -> Trial:
    """Let a labeller lie from the middle on."""
    random, rows = np.random.default_rng(seed), len(stream)
    middle = rows // 2 if lies else rows
    labeller_T = np.where(random.random(rows) < TRUSTED, b"audit", b"other")
    lies_T = (np.arange(rows) >= middle) & (labeller_T == b"other") & (random.random(rows) < lies)
    label_T = np.where(lies_T, (stream.y_T + random.integers(1, stream.classes, rows)) % stream.classes, stream.y_T)
    holdout, guard, held, froze = TrustedHoldout(rules_of(stream)), Guard(), 0, list[int]()
    for start in range(0, rows, BATCH):
        at = slice(start, min(start + BATCH, rows))
        seen = holdout.see(stream.x_TF[at], label_T[at], labeller_T[at])
        size, held, was_frozen = at.stop - at.start, held + seen.rows, guard.frozen
        guard = guard.after(LIMITS, Facts(size, size).held_against(seen))
        froze += [at.stop] if guard.frozen and not was_frozen else []
    found = [place - middle for place in froze if place > middle]
    windows = middle // LIMITS.window
    return Trial(sum(place <= middle for place in froze), windows, found[0] if found else -1, held / rows)


def row(name: str, lies: float, trials: Sequence[Trial]) -> list[str]:
    found = [one.found_after for one in trials if one.found_after >= 0]
    return [
        name,
        f"{lies:.0%}".replace("%", " %"),
        f"{sum(one.false for one in trials)} of {sum(one.windows for one in trials)}",
        f"{len(found)} of {len(trials)}" if lies else "–",
        f"{median(found):,.0f}" if found else "–",
        f"{np.mean([one.held for one in trials]):.0%}".replace("%", " %"),
    ]


def measured(streams: Sequence[Stream], seeds: int) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """A row of the table, and the trials it stands for."""
    for stream in streams:
        for lies in LIES:
            trials = [trial(stream, lies, seed) for seed in range(seeds)]
            told = {"stream": stream.name, "lies": lies, "trials": [asdict(one) for one in trials]}
            yield row(stream.name, lies, trials), told


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.trusted_labels", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", action="store_true", help="write the result and the page")
    asked = parser.parse_args()
    before, rows, results = load(), list[list[str]](), list[dict[str, Any]]()
    for cells, told in measured([real_stream(name, asked.data) for name in REAL], asked.seeds):
        rows.append(cells)
        results.append(told)
        print(" | ".join(cells), flush=True)
    if asked.out:
        about = ABOUT.format(seeds=asked.seeds)
        shown = {"title": "Labels that contradict trusted ones", "about": about, "columns": COLUMNS, "rows": rows}
        publish("trusted_labels", {"results": results, "table": shown, **surroundings(before)})


if __name__ == "__main__":
    main()
