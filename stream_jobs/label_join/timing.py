"""When a label belongs to an answer, in event time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.pipeline import Join

EARLY, IN_TIME, LATE = -1, 0, 1


def timing(after_L: NDArray[np.float64], join: Join) -> NDArray[np.int8]:
    """Judge labels by how long after their request they became known.

    In time is less than `wait` after and less than `early` before, both bounds excluded; a label at the very time of
    its request is in time even where `early` is 0.

    Parameters
    ----------
    after_L : ndarray of float64, shape (L,)
        Time of the label minus that of its request, in ms.
    join : Join

    Returns
    -------
    ndarray of int8, shape (L,)
        `EARLY`, `IN_TIME` or `LATE`.

    Examples
    --------
    >>> timing(np.array([-5.0, -4.0, 0.0, 9.0, 10.0]), Join(wait=10, early=5)).tolist()
    [-1, 0, 0, 0, 1]
    >>> timing(np.array([-1.0, 0.0]), Join(wait=10)).tolist()
    [-1, 0]
    """
    early_L = (after_L < 0) & (after_L <= -join.early)
    return (after_L >= join.wait).astype(np.int8) - early_L.astype(np.int8)
