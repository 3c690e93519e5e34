"""The state of networks and their optimiser by name, so that it can be saved as plain tensors and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from models.protocol import Snapshot
from schemas.errors import DataError


def named_state(
    modules: Mapping[str, nn.Module], optimiser: Optimizer, network: nn.Module
) -> Iterator[tuple[str, Tensor]]:
    """Go through the tensors of modules, then of an optimiser by the names of the `network` that it moves.

    They are no copies: writing into them changes the state.
    """
    for part, module in modules.items():
        yield from ((f"{part}.{name}", value) for name, value in module.state_dict().items())
    names: dict[Tensor, str] = {parameter: name for name, parameter in network.named_parameters()}
    for parameter, state in optimiser.state.items():
        tensors = ((key, value) for key, value in sorted(state.items()) if isinstance(value, Tensor))
        yield from ((f"optimiser.{names[parameter]}.{key}", value) for key, value in tensors)


def open_optimiser(optimiser: Optimizer) -> None:
    """Have an optimiser make its state, which it does at its first step; the weights may move and must be put back."""
    if any(optimiser.state.values()):
        return
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    optimiser.step()


@torch.no_grad()
def copy_into(name: str, value: Tensor, snapshot: Snapshot) -> None:
    """Put back one tensor of `named_state`.

    Raises
    ------
    DataError
        It was not saved, or in another shape.
    """
    saved = snapshot.tensors.get(name)
    if saved is None or saved.shape != value.shape:
        raise DataError(
            f"The learner saved has no {name} of the shape {tuple(value.shape)}.",
            "The pipeline file has changed since: start the learner anew, or take the old file back.",
        )
    value.copy_(torch.from_numpy(np.array(saved)))
