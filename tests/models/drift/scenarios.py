"""Seeded windows of rows in which one thing drifts, at one time, in one way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.drift.sketch import label_rows
from tests.models.drift.streams import Rows, normal_rows

WINDOWS, FROM = 22, 10
Make = Callable[[np.random.Generator], list[Rows]]


def moved(random: np.random.Generator, size: float = 2.0, through: int = WINDOWS, count: int = 400) -> list[Rows]:
    """Windows whose `a` moves somewhere within window `FROM`, and back at the same place of window `through`."""
    place_B = np.arange(count) >= count * random.uniform()
    shifts = [
        np.where(place_B if w == FROM else ~place_B if w == through else np.full(count, FROM < w < through), size, 0)
        for w in range(WINDOWS)
    ]
    return [normal_rows(random, count, shift_B) for shift_B in shifts]


def blip(random: np.random.Generator) -> list[Rows]:
    return moved(random, through=FROM + 1)


def returning(random: np.random.Generator) -> list[Rows]:
    """Windows whose `a` changes between two levels, every eight."""
    return [normal_rows(random, a=2.0 * (w // 8 % 2)) for w in range(32)]


def gradual(random: np.random.Generator) -> list[Rows]:
    parts = np.clip((np.arange(WINDOWS) + random.uniform() - FROM) / 5, 0, 1)
    return [normal_rows(random, a=np.where(random.uniform(size=400) < part, 3, 0)) for part in parts]


def incremental(random: np.random.Generator) -> list[Rows]:
    return [
        normal_rows(random, a=4 * part) for part in np.clip((np.arange(WINDOWS) + random.uniform() - FROM) / 5, 0, 1)
    ]


def lacking(random: np.random.Generator) -> list[Rows]:
    windows = [normal_rows(random) for _ in range(WINDOWS)]
    for x_BF in windows[FROM:]:
        x_BF[random.uniform(size=400) < 0.3, 1] = np.nan
    return windows


def outside(random: np.random.Generator) -> list[Rows]:
    """Of a few rows, the unit is another."""
    windows = [normal_rows(random) for _ in range(WINDOWS)]
    for x_BF in windows[FROM:]:
        x_BF[random.uniform(size=400) < 0.08, 2] *= 1000
    return windows


def together(random: np.random.Generator, by: float, count: int = 400) -> Rows:
    """Rows in which `b` goes with `a`, correlated by so much, though neither by itself shows it."""
    x_BF = normal_rows(random, count)
    x_BF[:, 2] = by * x_BF[:, 1] + np.sqrt(1 - by**2) * x_BF[:, 2]
    return x_BF


def turned(random: np.random.Generator) -> list[Rows]:
    """Windows in which `b` first goes with `a`, and then against it."""
    return [together(random, -0.9 if w >= FROM else 0.9) for w in range(WINDOWS)]


def in_one_slice(
    random: np.random.Generator, codes_S: Rows, bad: int, count: int = 1200
) -> tuple[list[Rows], list[Rows]]:
    """Labels, and the vectors they were answered on, whose answers become worse for one of S equally frequent codes."""
    windows, vectors = list[Rows](), list[Rows]()
    for w in range(WINDOWS):
        slice_N = random.integers(0, len(codes_S), count)
        good, worse = answered(random, 0.5, 0.9, count), answered(random, 0.5, 0.55, count)
        windows.append(np.where(((slice_N == bad) & (w >= FROM))[:, None], worse, good))
        vectors.append(np.stack([codes_S[slice_N], np.zeros(count), np.zeros(count)], axis=1).astype(np.float32))
    return windows, vectors


def answered(random: np.random.Generator, positive: float, good: float, count: int = 400) -> Rows:
    """Labels of which a share is positive, and answers of which a share is right."""
    label_N = (random.uniform(size=count) < positive).astype(np.float32)
    right_N = random.uniform(size=count) < good
    near_N = random.uniform(0.05, 0.35, count)
    output_N = np.abs(np.where(right_N, label_N, 1 - label_N) - near_N)
    return label_rows(label_N, output_N.astype(np.float32)[:, None])
