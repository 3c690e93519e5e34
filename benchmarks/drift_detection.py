"""How soon and how falsely detectors of single events alarm: ours beside River's, over seeds.

python -m benchmarks.drift_detection [--seeds 50] [--only error_rate,adwin] [--out]

Three streams: errors at the rate 0.2 that becomes 0.4, numbers whose spread doubles, and both without a change, for
false alarms. River's detectors are at their own settings. All are started anew after an alarm.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.end_to_end.machine import load
from benchmarks.publishing import publish, surroundings
from models.drift.detectors.error_rate import ErrorRateDetector
from models.drift.detectors.protocol import Detector
from models.drift.detectors.rank import RankDetector
from models.drift.detectors.river_detectors import BINARY, RIVER_KINDS, RiverDetector

BEFORE, AFTER, STEADY = 2000, 1000, 10_000
SLOW = {"kswin": 5}

ERRORS: dict[str, Callable[[], Detector]] = {
    "error_rate": ErrorRateDetector,
    **{kind: partial(RiverDetector, kind) for kind in RIVER_KINDS},
}
NUMBERS: dict[str, Callable[[], Detector]] = {
    "rank": RankDetector,
    **{kind: partial(RiverDetector, kind) for kind in RIVER_KINDS if kind not in BINARY},
}
TITLES = {
    "error_rate": "**error rate** (Shiryaev–Roberts)",
    "rank": "**rank** (Shiryaev–Roberts)",
    "adwin": "ADWIN",
    "page_hinkley": "Page–Hinkley",
    "kswin": "KSWIN",
    "ddm": "DDM",
    "eddm": "EDDM",
    "hddm_a": "HDDM_A",
    "hddm_w": "HDDM_W",
}
COLUMNS = ["", "stream", "found", "median delay", "nine in ten within", "false alarms per 10,000", "µs an event"]
ABOUT = (
    "Detectors of single events over {seeds} seeds: {before:,} events, then the change and {after:,} more; false "
    "alarms are counted before the change and over {steady:,} events without one. A delay is that of the first alarm "
    "after the change; one that never came counts as endless. Ours are set to one false alarm in 150,000 events, "
    "River's as they come; KSWIN is slow and gets a fifth of the seeds. "
    "`python -m benchmarks.drift_detection` repeats it."
)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream with a change at `BEFORE`, or without."""

    name: str
    detectors: dict[str, Callable[[], Detector]]
    draw: Callable[[np.random.Generator, int, int], np.ndarray]


def errors(random: np.random.Generator, before: int, after: int) -> np.ndarray:
    return (random.random(before + after) < np.repeat([0.2, 0.4], [before, after])).astype(np.float64)


def numbers(random: np.random.Generator, before: int, after: int) -> np.ndarray:
    return random.normal(0, np.repeat([1.0, 2.0], [before, after]))


STREAMS = (Stream("errors 0.2 → 0.4", ERRORS, errors), Stream("N(0, 1) → N(0, 2²)", NUMBERS, numbers))


def measure(stream: Stream, make: Callable[[], Detector], seeds: int) -> dict[str, Any]:
    """Delays by seed, false alarms, and the events that these and the time were taken over."""
    delays, false, begun_s = [], 0, time.process_time()
    for seed in range(seeds):
        changing = make().add_many(stream.draw(np.random.default_rng([seed, 0]), BEFORE, AFTER))
        steady = make().add_many(stream.draw(np.random.default_rng([seed, 1]), STEADY, 0))
        false += len(steady) + sum(alarm.index < BEFORE for alarm in changing)
        late = [alarm.index - BEFORE + 1 for alarm in changing if alarm.index >= BEFORE]
        delays.append(late[0] if late else None)
    took_s = time.process_time() - begun_s
    calm = seeds * (BEFORE + STEADY)
    return {
        "delays": delays,
        "false_alarms": false,
        "calm_events": calm,
        "us_an_event": took_s * 1e6 / (calm + seeds * AFTER),
    }


def row(name: str, stream: Stream, found: dict[str, Any]) -> list[str]:
    delays = sorted(np.inf if d is None else d for d in found["delays"])
    there = sum(np.isfinite(delays))
    quantiles = (median(delays), delays[max(0, -(-9 * len(delays) // 10) - 1)])
    told = [f"{d:,.0f}" if np.isfinite(d) else "never" for d in quantiles]
    false = 1e4 * found["false_alarms"] / found["calm_events"]
    return [
        TITLES[name],
        stream.name,
        f"{there} of {len(delays)}",
        *told,
        f"{false:.2f}",
        f"{found['us_an_event']:.1f}",
    ]


def main() -> None:
    """Measure, print; with ``--out`` write the result and the page of benchmarks."""
    parser = argparse.ArgumentParser("python -m benchmarks.drift_detection", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="streams of each kind (default 50)")
    parser.add_argument("--only", default=",".join(TITLES), help=f"of {', '.join(TITLES)}; default: all")
    parser.add_argument("--out", action="store_true", help="write the result and the page of benchmarks")
    asked = parser.parse_args()
    before, found, rows = load(), {}, []
    for stream in STREAMS:
        for name in [n for n in stream.detectors if n in asked.only.split(",")]:
            found[f"{name}: {stream.name}"] = measured = measure(
                stream, stream.detectors[name], -(-asked.seeds // SLOW.get(name, 1))
            )
            rows.append(row(name, stream, measured))
            print(" | ".join(rows[-1]), flush=True)
    if asked.out:
        about = ABOUT.format(seeds=asked.seeds, before=BEFORE, after=AFTER, steady=STEADY)
        shown = {"title": "Drift detectors", "about": about, "columns": COLUMNS, "rows": rows}
        publish("drift_detection", {"found": found, "table": shown, **surroundings(before)})


if __name__ == "__main__":
    main()
