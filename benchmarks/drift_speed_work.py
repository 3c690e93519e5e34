"""What `benchmarks.drift_speed` times: one process, one thread, told on each line of its input what to do next.

Run by the product's interpreter for our own statistics and scipy's, and by another that has the peers: so nothing of
the product is imported unless it is asked for. Answers seconds of processor time, a line each; NaN for what is not
installed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

ROWS, FEATURES, BINS = 10_000, 10, 16
Work = Callable[[], object]


def samples() -> tuple[np.ndarray, np.ndarray]:
    """Reference and window, a tenth of a deviation apart."""
    random = np.random.default_rng(0)
    return random.normal(size=(ROWS, FEATURES)), random.normal(0.1, 1, (ROWS, FEATURES))


def five() -> Work:
    from models.drift.statistics.reference import reference_of
    from models.drift.statistics.two_sample import compare

    reference_RF, window_WF = samples()
    reference = reference_of(reference_RF, bins=BINS)
    return lambda: compare(reference, window_WF)


def five_anew() -> Work:
    from models.drift.statistics.reference import reference_of
    from models.drift.statistics.two_sample import compare

    reference_RF, window_WF = samples()
    return lambda: compare(reference_of(reference_RF, bins=BINS), window_WF)


def five_sketched() -> Work:
    from models.drift.statistics.reference import reference_of
    from models.drift.statistics.sketched import closed_edges, compare_sketches
    from models.drift.statistics.two_sample import compare

    reference_RF, window_WF = samples()
    reference = reference_of(reference_RF, bins=BINS)
    counts_FK, both_NF = compare(reference, window_WF).counts_FK, np.concatenate([reference_RF, window_WF])
    edges_FE = closed_edges(reference.edges, both_NF.min(axis=0), both_NF.max(axis=0), counts_FK.shape[1])
    return lambda: compare_sketches(counts_FK, reference.counts_FK, edges_FE)


def mmd() -> Work:
    import torch

    from models.drift.statistics.mmd import mmd_test

    torch.set_num_threads(1)
    reference_RF, window_WF = samples()
    return lambda: mmd_test(reference_RF, window_WF, seed=0, permutations=100, device=torch.device("cpu"))


def scipy_ks() -> Work:
    stats: Any = importlib.import_module("scipy.stats")
    reference_RF, window_WF = samples()
    return lambda: [stats.ks_2samp(reference_RF[:, f], window_WF[:, f]) for f in range(FEATURES)]


def scipy_five() -> Work:
    """The same five, with PSI by hand: scipy has none."""
    stats: Any = importlib.import_module("scipy.stats")
    distance: Any = importlib.import_module("scipy.spatial.distance")
    reference_RF, window_WF = samples()

    def column(one_R: np.ndarray, other_W: np.ndarray) -> float:
        edges = np.quantile(one_R, np.linspace(0, 1, BINS + 1)[1:-1])
        counts = [np.bincount(np.searchsorted(edges, x), minlength=BINS) for x in (one_R, other_W)]
        p, q = (c / c.sum() for c in counts)
        stats.ks_2samp(one_R, other_W)
        stats.wasserstein_distance(one_R, other_W)
        stats.chi2_contingency(counts, correction=False)
        distance.jensenshannon(p, q)
        return float(((p - q) * np.log(p / q)).sum())

    return lambda: [column(reference_RF[:, f], window_WF[:, f]) for f in range(FEATURES)]


def alibi_ks() -> Work:
    detector = importlib.import_module("alibi_detect.cd").KSDrift(samples()[0], p_val=0.05)
    window_WF = samples()[1]
    return lambda: detector.predict(window_WF)


def frouros_ks() -> Work:
    test = importlib.import_module("frouros.detectors.data_drift").KSTest
    reference_RF, window_WF = samples()
    detectors = [test() for _ in range(FEATURES)]
    for f, detector in enumerate(detectors):
        detector.fit(X=reference_RF[:, f])
    return lambda: [detector.compare(X=window_WF[:, f]) for f, detector in enumerate(detectors)]


def evidently_ks() -> Work:
    frame = importlib.import_module("pandas").DataFrame
    report = importlib.import_module("evidently").Report
    preset = importlib.import_module("evidently.presets").DataDriftPreset
    names = [f"f{f}" for f in range(FEATURES)]
    reference, window = (frame(x_NF, columns=names) for x_NF in samples())
    return lambda: report([preset(num_method="ks")]).run(window, reference)


OURS: dict[str, Callable[[], Work]] = {
    "five": five,
    "five, reference sorted anew": five_anew,
    "five, from histograms": five_sketched,
    "MMD, 100 permutations": mmd,
    "scipy, KS": scipy_ks,
    "scipy, all five": scipy_five,
}
PEERS: dict[str, Callable[[], Work]] = {
    "alibi-detect, KS": alibi_ks,
    "frouros, KS": frouros_ks,
    "evidently, KS": evidently_ks,
}


def versions() -> dict[str, str]:
    """Of the packages that are there."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in ("numpy", "scipy", "torch", "alibi-detect", "frouros", "evidently"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Answer line by line until the input ends; what others print is kept out of the answers."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    warnings.simplefilter("ignore")
    ready: dict[str, Work | None] = {}
    for line in sys.stdin:
        name = json.loads(line)
        if name == "versions":
            print(json.dumps(versions()), file=answers, flush=True)
            continue
        if name not in ready:
            try:
                ready[name] = {**OURS, **PEERS}[name]()
            except ImportError:
                ready[name] = None
        work, begun_s = ready[name], time.process_time()
        if work is not None:
            work()
        took_s = time.process_time() - begun_s if work is not None else float("nan")
        print(json.dumps(took_s), file=answers, flush=True)


if __name__ == "__main__":
    main()
