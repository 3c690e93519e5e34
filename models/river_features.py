"""Feature vectors as River takes them: a dictionary for each row, missing values left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np

from models.network import NetworkShape
from models.protocol import Float32

Row = dict[Hashable, float]


def number_rows(shape: NetworkShape, x_BF: Float32) -> Iterator[Row]:
    """The numbers of each row, by their place in the vector.

    Examples
    --------
    >>> shape = NetworkShape((0, 1), ((2, 16),), 1, 8, 1, 4, 0.0)
    >>> list(number_rows(shape, np.array([[0.5, np.nan, 3]], np.float32)))
    [{0: 0.5}]
    """
    values_BN = x_BF[:, shape.numbers].astype(np.float64).tolist()
    return ({p: v for p, v in zip(shape.numbers, row, strict=True) if v == v} for row in values_BN)


def code_rows(shape: NetworkShape, x_BF: Float32) -> Iterator[dict[Hashable, int]]:
    """The category code of each row, by its place in the vector.

    Examples
    --------
    >>> shape = NetworkShape((0, 1), ((2, 16),), 1, 8, 1, 4, 0.0)
    >>> list(code_rows(shape, np.array([[0.5, np.nan, 3]], np.float32)))
    [{2: 3}]
    """
    places = [place for place, _ in shape.categories]
    codes_BC = x_BF[:, places].astype(np.float64).tolist()
    return ({p: int(c) for p, c in zip(places, row, strict=True) if c == c} for row in codes_BC)
