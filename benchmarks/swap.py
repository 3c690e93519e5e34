"""What a swap does to the traffic: the worst gap between batches with one, beside the worst without, in one run.

The predictor's own job answers batches as fast as it can on one thread; its watch over models loads, tries and swaps
in a network of some 10 MB beside it. Stretches with a swap and without take turns. Run it with
``python -m benchmarks.swap``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from adapters.metrics_memory import MemoryMetrics
from adapters.model_store_memory import MemoryModelStore
from adapters.process import SWITCH_S
from benchmarks.predictor import batch_of, contracts, filled_store, steady_ms
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    sys.setswitchinterval(SWITCH_S)
    device, known, store = choose_device("cpu"), contracts(), MemoryModelStore()
    metrics, load = MemoryMetrics("predictor"), loader_for(device, known.layout)
    most = most_at_once(device, known.pipeline.serving.max_batch)
    watch = ModelWatch(store, load, known.layout, most, 5, steady_ms, metrics, structlog.get_logger())
    reader = WindowReader(known.pipeline, known.layout, filled_store(known), steady_ms, lambda _: False)
    stretch = Stretch(PredictorJob(known, reader, watch, metrics, steady_ms), asked.rows)
    store.publish(1, store.put(blob_of(known.layout, 1)), "{}")
    watch.start()
    ratios, version = list[float](), 1
    for _ in range(asked.rounds + 1):
        still = stretch.gaps_ms(asked.seconds, lambda: None, lambda: True)
        version += 1
        publish = partial(store.publish, version, store.put(blob_of(known.layout, version)), "{}")
        swapped = stretch.gaps_ms(asked.seconds, publish, lambda v=version: _serves(watch, v))  # type: ignore[misc]
        ratios.append(float(swapped.max() / still.max()))
        told = [f"{np.median(g):6.2f} {np.percentile(g, 99):6.2f} {g.max():7.2f}" for g in (still, swapped)]
        print(f"gap ms, median p99 worst: without {told[0]}   with a swap {told[1]}   worst {ratios[-1]:.2f} x")
    watch.close()
    print(f"worst gap with a swap to without, median of {asked.rounds}: {statistics.median(ratios[1:]):.2f}")


def _serves(watch: ModelWatch, version: int) -> bool:
    return watch.serving is not None and watch.serving.number == version


if __name__ == "__main__":
    main()
