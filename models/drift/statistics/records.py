"""Does a window stand out among its own past? On a stream that never stands still, significance alone fires always."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def record_score(past_NF: Float64, statistic_F: Float64, floor: float) -> tuple[float, int]:
    """By what factor a window beats the record of a column, at the column where it does so most.

    Each column is measured by itself alone: one that always moves, such as a date, sets a high record, and one that
    never did a low one. Where N past windows and this one could as well have come in any order, each column beats its
    record with a chance of at most 1 / (N + 1), and any of F columns with F / (N + 1); by a factor of 2, more rarely.

    Parameters
    ----------
    past_NF : ndarray of float64, shape (N, F)
        Statistics of past windows by column, at least 0; NaN was not taken.
    statistic_F : ndarray of float64, shape (F,)
        Of this window.
    floor : float
        Above 0: records below it count as it, lest chance beat a low one; see `ks_floor`.

    Returns
    -------
    score : float
        Above 1: a record. 0 where there is no past, for nothing can be told.
    column : int
        Where; 0 where there is no past.

    References
    ----------
    Rényi, A. (1962). Théorie des éléments saillants d'une suite d'observations. Annales scientifiques de l'Université
    de Clermont 8.

    Examples
    --------
    >>> past_NF = np.array([[0.9, 0.0], [1.0, 0.01], [0.95, 0.0]])
    >>> record_score(past_NF, np.array([0.97, 0.5]), floor=0.1)
    (5.0, 1)
    """
    if floor <= 0:
        raise ValueError(f"A floor of {floor} is no size of chance. Give one above 0, as of `ks_floor`.")
    if past_NF.size == 0:
        return 0.0, 0
    record_F = np.fmax.reduce(past_NF, axis=0, initial=floor)
    score_F = np.nan_to_num(statistic_F / record_F)
    column = int(score_F.argmax())
    return float(score_F[column]), column


def ks_floor(reference: int, window: int, level: float = 0.05) -> float:
    """What the Kolmogorov–Smirnov statistic exceeds by chance in a share `level` of windows, rows being independent.

    References
    ----------
    Smirnov, N. (1948). Table for estimating the goodness of fit of empirical distributions. Annals of Mathematical
    Statistics 19(2).

    Examples
    --------
    >>> round(ks_floor(10_000, 10_000), 4)
    0.0192
    """
    return math.sqrt(-math.log(level / 2) / 2 * (1 / reference + 1 / window))
