"""A multilayer perceptron on the same inputs as the residual network: half its arithmetic at the same width.

Shape suffixes: B rows, F columns of the vector, H hidden width, K outputs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from models.network import Inputs, NetworkShape, TabularResNet
from models.network_layers import ACTIVATIONS, NORMS, dropped, linear_layer, normed


class Mlp(nn.Module):
    """The whole network, from vectors as served to logits: `blocks` hidden layers, each with its norm and activation.

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
        self.layers = nn.ModuleList([linear_layer(width, hidden, source, shape.init) for width, hidden in pairs])
        self.head = linear_layer(widths[-1], shape.outputs, None)
        self.norms = nn.ModuleList([NORMS[shape.norm or "none"](shape.hidden) for _ in self.layers])
        self.activations = [ACTIVATIONS[shape.activation]() for _ in self.layers]
        self.slopes = nn.ModuleList([a for a in self.activations if isinstance(a, nn.Module)])
        self.dropout = shape.dropout

    def forward(self, x_BF: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Logits (B, K) of float32 vectors (B, F); with `noise`, as in training: units dropped, batch norms learned."""
        h_BH = self.inputs(x_BF)
        for layer, norm, activation in zip(self.layers, self.norms, self.activations, strict=True):
            h_BH = dropped(activation(normed(norm, layer(h_BH), noise is not None)), self.dropout, noise)
        return self.head(h_BH)  # type: ignore[no-any-return]


Network = TabularResNet | Mlp

NETWORKS: Final[dict[str, type[TabularResNet] | type[Mlp]]] = {kind.KIND: kind for kind in (TabularResNet, Mlp)}
"""What a pipeline file calls them, and their blobs too."""
