"""What a swap does to the traffic: the worst gap between batches with one, beside the worst without, in one run.

The predictor's own job answers batches as fast as it can on one thread; its watch over models loads, tries and swaps
in a network of some 10 MB beside it. Stretches with a swap and without take turns. Run it with
``python -m benchmarks.swap``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import count, islice

import numpy as np
import structlog
from numpy.typing import NDArray

from adapters.metrics_memory import MemoryMetrics
from adapters.model_store_memory import MemoryModelStore
from adapters.process import SWITCH_S
from benchmarks.end_to_end.figures import spread, text_of
from benchmarks.end_to_end.machine import load
from benchmarks.predictor import batch_of, contracts, filled_store, steady_ms
from benchmarks.publishing import publish, surroundings
from models.network import NetworkShape
from models.network_mlp import Mlp
from models.network_model import NetworkModel
from models.normaliser import Normaliser
from models.snapshot import encode_model
from schemas.layout import Layout
from services.predictor.device import choose_device, loader_for, most_at_once
from services.predictor.job import PredictorJob
from services.predictor.model_watch import ModelWatch
from services.predictor.window_reader import WindowReader

HIDDEN, BLOCKS = 1100, 3
"""About 2.5 million weights: 10 MB."""
GAPS = ("median", "p99", "worst")
ABOUT = """\
What a swap does to the traffic: the predictor answers batches as fast as it can on one thread, while the next version
of a network of 10 MB is fetched, checked, tried and swapped in beside it. Stretches with a swap and without take turns;
medians over {rounds} rounds. `python -m benchmarks.swap --out` repeats it."""


def blob_of(layout: Layout, seed: int) -> bytes:
    """A network of 10 MB."""
    places = enumerate(layout.buckets)
    named = [(place, buckets) for place, buckets in places]
    shape = NetworkShape(
        tuple(p for p, b in named if not b),
        tuple((p, b) for p, b in named if b),
        layout.outputs,
        HIDDEN,
        BLOCKS,
        8,
        0.0,
    )
    model = NetworkModel(shape, layout.target, Mlp(shape, seed), Normaliser(1))
    return encode_model(model, layout.names)[0]


class Stretch:
    """Batches one after the other for a time, and when each was done."""

    def __init__(self, job: PredictorJob, rows: int) -> None:
        self._job, self._batch = job, batch_of(contracts(), rows)

    def gaps_ms(self, seconds: float, half: Callable[[], object], is_over: Callable[[], bool]) -> NDArray[np.float64]:
        """Milliseconds between batches for so long and until `is_over`; `half` is called in the middle."""
        done, begun, called = [time.perf_counter()], time.perf_counter(), False
        while done[-1] - begun < seconds or not is_over():
            self._job.process(self._batch)
            done.append(time.perf_counter())
            if not called and done[-1] - begun > seconds / 2:
                half()
                called, done[-1] = True, time.perf_counter()
        return np.diff(done) * 1000


def main() -> None:
    """Measure, print; with ``--out`` write the result and the page of benchmarks."""
    parser = argparse.ArgumentParser("python -m benchmarks.swap", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of stretches (default 7)")
    parser.add_argument("--rows", type=int, default=256, help="requests in a batch (default 256)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a stretch (default 2)")
    parser.add_argument("--out", action="store_true", help="write the result and the page of benchmarks")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    sys.setswitchinterval(SWITCH_S)
    before = load()
    found = list(islice(_rounds(asked.rows, asked.seconds), 1, asked.rounds + 1))  # the first one warms up
    rows = [[name, *map(_told, zip(*(r[name] for r in found), strict=True)), ""] for name in found[0]]
    ratio = spread([r["with a swap"][-1] / r["without"][-1] for r in found])
    rows[-1][-1] = f"{text_of(ratio, '.2f')} ×"
    for row in rows:
        print(" | ".join(row))
    if asked.out:
        columns = ["", *(f"gap between batches, ms: {name}" for name in GAPS), "worst, of the worst without (aim 2 ×)"]
        table = {"title": "Swap", "about": ABOUT.format(rounds=asked.rounds), "columns": columns, "rows": rows}
        publish("swap", {"worst_ratio": ratio, "table": table, **surroundings(before)})


def _rounds(rows: int, seconds: float) -> Iterator[dict[str, list[float]]]:
    """Gaps of a stretch without a swap and of one with it, round after round."""
    device, known, store = choose_device("cpu"), contracts(), MemoryModelStore()
    metrics, loader = MemoryMetrics("predictor"), loader_for(device, known.layout)
    most = most_at_once(device, known.pipeline.serving.max_batch)
    watch = ModelWatch(store, loader, known.layout, most, 5, steady_ms, metrics, structlog.get_logger())
    reader = WindowReader(known.pipeline, known.layout, filled_store(known), steady_ms, lambda _: False)
    stretch = Stretch(PredictorJob(known, reader, watch, metrics, steady_ms), rows)
    store.publish(1, store.put(blob_of(known.layout, 1)), "{}")
    watch.start()
    with closing(watch):
        for version in count(2):
            still = stretch.gaps_ms(seconds, lambda: None, lambda: True)
            publishing = partial(store.publish, version, store.put(blob_of(known.layout, version)), "{}")
            swapped = stretch.gaps_ms(seconds, publishing, lambda v=version: _serves(watch, v))  # type: ignore[misc]
            yield {"without": _gaps(still), "with a swap": _gaps(swapped)}


def _told(ms: Sequence[float]) -> str:
    return text_of(spread(ms), ".1f")


def _gaps(ms: NDArray[np.float64]) -> list[float]:
    return [float(np.median(ms)), float(np.percentile(ms, 99)), float(ms.max())]


def _serves(watch: ModelWatch, version: int) -> bool:
    return watch.serving is not None and watch.serving.number == version


if __name__ == "__main__":
    main()
