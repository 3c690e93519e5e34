"""River's generators with known drift, as arrays: abrupt, gradual, recurring (A, B, A) and incremental."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

import numpy as np

from benchmarks.learning.streams import Stream

ROWS: Final = 20_000
WIDTH: Final = 2_000
"""Rows over which a gradual change goes from one row in ten to nine in ten, about."""

Concepts = tuple[Any, Any]
Rows = Iterator[tuple[dict[Any, float], int]]


def abrupt(name: str, concepts: Concepts, rows: int, seed: int) -> Stream:
    """A, then B from half way on."""
    return _mixed(name, concepts, np.arange(rows) >= rows // 2)


def gradual(name: str, concepts: Concepts, rows: int, seed: int) -> Stream:
    """A fades into B around half way: each row is B's with a probability that rises as a sigmoid.

    References
    ----------
    Bifet, Holmes, Kirkby, Pfahringer 2010: MOA, massive online analysis (ConceptDriftStream).
    """
    share = 1 / (1 + np.exp(-4 * (np.arange(rows) - rows / 2) / WIDTH))
    return _mixed(name, concepts, np.random.default_rng(seed).random(rows) < share)


def recurring(name: str, concepts: Concepts, rows: int, seed: int) -> Stream:
    """A, B and A again, a third each."""
    third = np.arange(rows) * 3 // rows
    return _mixed(name, concepts, third == 1)


def _mixed(name: str, concepts: Concepts, second_T: np.ndarray[Any, np.dtype[np.bool_]]) -> Stream:
    iterators: list[Rows] = [iter(concept.take(len(second_T))) for concept in concepts]
    return _stream(name, (next(iterators[int(which)]) for which in second_T))


def _stream(name: str, rows: Rows) -> Stream:
    pairs = list(rows)
    x_TF = np.array([list(x.values()) for x, _ in pairs], np.float32)
    return Stream(name, x_TF, np.array([float(y) for _, y in pairs]), 2)


def _sea(seed: int) -> Concepts:
    from river.datasets import synth

    return synth.SEA(variant=2, noise=0.1, seed=seed), synth.SEA(variant=3, noise=0.1, seed=seed + 1)


def _agrawal(seed: int) -> Concepts:
    from river.datasets import synth

    return synth.Agrawal(0, seed=seed, perturbation=0.05), synth.Agrawal(2, seed=seed + 1, perturbation=0.05)


def _stagger(seed: int) -> Concepts:
    from river.datasets import synth

    return synth.STAGGER(0, seed=seed), synth.STAGGER(2, seed=seed + 1)


def _hyperplane(rows: int, seed: int) -> Stream:
    from river.datasets import synth

    rotating = synth.Hyperplane(seed=seed, n_features=10, n_drift_features=5, mag_change=0.001)
    return _stream("hyperplane", islice(iter(rotating), rows))


def _random_rbf(rows: int, seed: int) -> Stream:
    from river.datasets import synth

    moving = synth.RandomRBFDrift(
        seed, seed + 1, n_features=10, n_centroids=50, change_speed=0.001, n_drift_centroids=50
    )
    return _stream("random_rbf", islice(iter(moving), rows))


def _of(name: str, how: Callable[..., Stream], concepts: Callable[[int], Concepts], rows: int, seed: int) -> Stream:
    return how(name, concepts(seed), rows, seed)


GENERATED: Final[dict[str, Callable[[int, int], Stream]]] = {
    **{
        name: partial(_of, name, how, concepts)
        for family, concepts in (("sea", _sea), ("agrawal", _agrawal), ("stagger", _stagger))
        for how in (abrupt, gradual, recurring)
        for name in (f"{family}_{how.__name__}",)
    },
    "hyperplane": _hyperplane,
    "random_rbf": _random_rbf,
}
"""Each from its number of rows and a seed."""
