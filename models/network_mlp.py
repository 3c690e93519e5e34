"""A multilayer perceptron on the same inputs as the residual network: half its arithmetic at the same width.

Shape suffixes: B rows, F columns of the vector, H hidden width, K outputs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from models.network import Inputs, NetworkShape, TabularResNet, linear_layer


class Mlp(nn.Module):
    """The whole network, from vectors as served to logits: `blocks` hidden layers with ReLU between.

    Parameters
    ----------
    shape : NetworkShape
        Without blocks it is logistic or linear regression on the inputs.
    seed : int or None
        Of the first weights; the last layer starts at zero. None: all do, for weights that are to be loaded.
    """

    KIND: ClassVar[str] = "mlp"

    def __init__(self, shape: NetworkShape, seed: int | None) -> None:
        super().__init__()
        source = None if seed is None else torch.Generator().manual_seed(seed)
        self.inputs = Inputs(shape, source)
        widths = [shape.inputs, *[shape.hidden] * shape.blocks]
        pairs = pairwise(widths)
        self.layers = nn.ModuleList([linear_layer(width, hidden, source) for width, hidden in pairs])
        self.head = linear_layer(widths[-1], shape.outputs, None)
        self.dropout = shape.dropout

    def forward(self, x_BF: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Logits (B, K) of float32 vectors (B, F); with `noise`, units are dropped as in training."""
        h_BH = self.inputs(x_BF)
        for layer in self.layers:
            h_BH = torch.relu(layer(h_BH))
            if noise is not None and self.dropout:
                keep_BH = torch.rand(h_BH.shape, generator=noise) >= self.dropout
                h_BH = h_BH * keep_BH / (1 - self.dropout)
        return self.head(h_BH)  # type: ignore[no-any-return]


Network = TabularResNet | Mlp

NETWORKS: Final[dict[str, type[TabularResNet] | type[Mlp]]] = {kind.KIND: kind for kind in (TabularResNet, Mlp)}
"""What a pipeline file calls them, and their blobs too."""
