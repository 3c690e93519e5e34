"""Bins whose inner edges are given: as narrow as the rows of a skewed column lie dense, instead of equally wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_FEW_EDGES: Final = 64
_ROWS_AN_EDGE: Final = 8
"""Comparing all rows with one edge after another costs a call for each edge; with many rows it costs nothing else."""


@dataclass(frozen=True, slots=True)
class GivenEdges:
    """Inner edges of the G columns of a sketch at the places `columns`.

    `inner_GE` holds at least one for each. They rise strictly, and behind a column's last one there is NaN. Bin k of a
    column holds edge k − 1 ≤ x < edge k; bins behind its last edge stay empty.
    """

    columns: NDArray[np.intp]
    inner_GE: Float32


def given_edges(names: Sequence[str], edges: Mapping[str, Sequence[float]]) -> GivenEdges | None:
    """Gather the edges that columns with these names are given; None if none is.

    Examples
    --------
    >>> found = given_edges(("a", "b", "c"), {"c": (1.0, 4.0), "a": (2.0,), "else": (0.0,)})
    >>> found.columns, found.inner_GE
    (array([0, 2]), array([[ 2., nan],
           [ 1.,  4.]], dtype=float32))
    """
    columns = [f for f, name in enumerate(names) if name in edges]
    return _side_by_side(columns, [np.array(edges[names[f]], np.float32) for f in columns]) if columns else None


def with_copies(given: GivenEdges | None, like: Sequence[int], first: int) -> GivenEdges | None:
    """Give columns from place `first` on the edges of the columns that they are like; −1: like none."""
    if given is None:
        return None
    of_column = dict(zip(given.columns.tolist(), given.inner_GE, strict=True))
    copies = {first + d: of_column[f] for d, f in enumerate(like) if f in of_column}
    return _side_by_side([*of_column, *copies], [*of_column.values(), *copies.values()])


def bins_of(given: GivenEdges, x_BF: Float32) -> NDArray[np.integer]:
    """Bin of each value in the columns that have edges.

    Parameters
    ----------
    given : GivenEdges
    x_BF : ndarray of float32, shape (B, F)
        Infinities are in the outermost bins. Of NaN the bin means nothing.

    Returns
    -------
    ndarray of integers, shape (B, G)

    Examples
    --------
    >>> x_B1 = np.array([[-np.inf], [1.0], [3.9], [4.0], [np.inf]], np.float32)
    >>> bins_of(given_edges(("a",), {"a": (1.0, 4.0)}), x_B1).T
    array([[0, 1, 1, 2, 2]])
    """
    columns, edges = given.inner_GE.shape
    if edges <= _FEW_EDGES and len(x_BF) >= _ROWS_AN_EDGE * edges:
        x_GB = np.ascontiguousarray(x_BF.T[given.columns])
        bin_GB = np.zeros(x_GB.shape, np.uint8)
        for edge_G in given.inner_GE.T:
            bin_GB += x_GB >= edge_G[:, None]
        return bin_GB.T
    bin_BG = np.empty((len(x_BF), columns), np.intp)
    for g, column in enumerate(given.columns.tolist()):
        bin_BG[:, g] = given.inner_GE[g].searchsorted(x_BF[:, column], "right")  # NaN sorts last
    return bin_BG


def put_edges(given: GivenEdges, edges_FE: NDArray[np.float64], high_F: Float32) -> None:
    """Write the edges of all bins over those of equal width; bins that stay empty end where the last one does.

    Examples
    --------
    >>> edges_FE = np.array([[0.0, 3.0, 6.0, 9.0]])
    >>> put_edges(given_edges(("a",), {"a": (1.0,)}), edges_FE, np.array([9.0]))
    >>> edges_FE
    array([[0., 1., 9., 9.]])
    """
    inner_GE = given.inner_GE.astype(np.float64)
    high_G1 = high_F[given.columns, None].astype(np.float64)
    edges_FE[given.columns, 1:] = high_G1
    edges_FE[given.columns, 1 : inner_GE.shape[1] + 1] = np.where(np.isnan(inner_GE), high_G1, inner_GE)


def _side_by_side(columns: Sequence[int], inner: Sequence[Float32]) -> GivenEdges:
    inner_GE = np.full((len(inner), max(map(len, inner))), np.nan, np.float32)
    for g, inner_E in enumerate(inner):
        inner_GE[g, : len(inner_E)] = inner_E
    return GivenEdges(np.array(columns, np.intp), inner_GE)
