"""Lists of tensors, one for each parameter, as a safeguard keeps and saves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.errors import DataError


def saved(**lists: Sequence[Tensor]) -> dict[str, NDArray[Any]]:
    """Copies as arrays, named by list and place.

    Examples
    --------
    >>> saved(anchor=[torch.ones(2)])
    {'anchor.0': array([1., 1.], dtype=float32)}
    """
    return {f"{name}.{i}": t.detach().numpy().copy() for name, tensors in lists.items() for i, t in enumerate(tensors)}


@torch.no_grad()
def load(tensors: Mapping[str, NDArray[Any]], **lists: Sequence[Tensor]) -> None:
    """Copy back into the same tensors what `saved` wrote.

    Raises
    ------
    DataError
        One is missing, or of another shape.
    """
    for name, targets in lists.items():
        for i, target in enumerate(targets):
            found = tensors.get(f"{name}.{i}")
            if found is None or found.shape != target.shape:
                raise DataError(
                    f"The safeguard saved has no {name}.{i} of the shape {tuple(target.shape)}.",
                    "The pipeline file has changed since: start the learner anew, or take the old file back.",
                )
            target.copy_(torch.from_numpy(np.array(found)))
