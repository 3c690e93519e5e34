"""A residual network for tables: numbers standardised online, categories embedded by their hash codes.

Shape suffixes: B rows, F columns of the vector, N numeric and C category columns among them, D embedding width,
H hidden width, K outputs.

References
----------
Gorishniy et al. 2021: Revisiting deep learning models for tabular data (the pre-norm residual block).
Weinberger et al. 2009: Feature hashing for large scale multitask learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from models.network_layers import ACTIVATIONS, NORMS, dropped, linear_layer, normed
from models.normaliser import Normaliser

_LARGEST: Final = 1e18


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """All that decides the network's size.

    Attributes
    ----------
    numbers : tuple of int
        Places in the vector of the numbers that are used.
    categories : tuple of (int, int)
        Places of the category codes that are used, each with its number of codes.
    outputs : int
        K.
    activation, norm, init : str
        Of `models.network_layers`; an empty norm is the one that each kind of network has by itself.
    """

    numbers: tuple[int, ...]
    categories: tuple[tuple[int, int], ...]
    outputs: int
    hidden: int
    blocks: int
    embedding: int
    dropout: float
    activation: str = "relu"
    norm: str = ""
    init: str = "uniform"

    @property
    def inputs(self) -> int:
        """Width of what the first layer sees: each number, whether it is missing, and the embeddings."""
        return 2 * len(self.numbers) + self.embedding * len(self.categories)


class Block(nn.Module):
    """Pre-norm residual block; it starts as the identity, so depth costs nothing at first."""

    def __init__(self, shape: NetworkShape, source: torch.Generator | None) -> None:
        super().__init__()
        self.norm = NORMS[shape.norm or "layer"](shape.hidden)
        self.inner = linear_layer(shape.hidden, shape.hidden, source, shape.init)
        self.outer = linear_layer(shape.hidden, shape.hidden, None)
        self.activation = ACTIVATIONS[shape.activation]()
        self.dropout = shape.dropout

    def forward(self, h_BH: Tensor, noise: torch.Generator | None) -> Tensor:
        """Add to `h_BH` what the block has to say."""
        inner_BH = self.activation(self.inner(normed(self.norm, h_BH, noise is not None)))
        return h_BH + self.outer(dropped(inner_BH, self.dropout, noise))  # type: ignore[no-any-return]


class Inputs(nn.Module):
    """From the vector as served to the first layer's input.

    Numbers go through asinh, which tames long tails and leaves small values alone, and are standardised; a missing one
    becomes the mean and raises its flag. A missing category has an embedding of its own.
    """

    def __init__(self, shape: NetworkShape, source: torch.Generator | None) -> None:
        super().__init__()
        sizes = [buckets + 1 for _, buckets in shape.categories]
        self.normaliser = Normaliser(len(shape.numbers))
        self.embeddings = nn.Parameter(_drawn(sum(sizes), shape.embedding, source))
        _constant(self, "number_N", shape.numbers)
        _constant(self, "category_C", [place for place, _ in shape.categories])
        _constant(self, "missing_C", [buckets for _, buckets in shape.categories])
        _constant(self, "start_C", [sum(sizes[:i]) for i in range(len(sizes))])

    number_N: Tensor
    category_C: Tensor
    missing_C: Tensor
    start_C: Tensor

    def numbers(self, x_BF: Tensor) -> Tensor:
        """Columns of numbers, (B, N), as the normaliser sees them."""
        return _asinh(x_BF.index_select(1, self.number_N))

    def forward(self, x_BF: Tensor) -> Tensor:
        """Standardised numbers, their missing flags and the embeddings, side by side."""
        scaled_BN = self.normaliser(self.numbers(x_BF))
        absent_BN = torch.isnan(scaled_BN)
        # What is missing, or no code, is larger than any code, and so becomes the code of what is missing.
        code_BC = torch.nan_to_num(x_BF.index_select(1, self.category_C), math.inf, math.inf, math.inf).clamp_(min=0)
        row_BC = torch.minimum(code_BC, self.missing_C).long() + self.start_C
        embedded_BE = nn.functional.embedding(row_BC, self.embeddings).flatten(1)
        return torch.cat((torch.nan_to_num(scaled_BN), absent_BN.float(), embedded_BE), 1)


class TabularResNet(nn.Module):
    """The whole network, from vectors as served to logits.

    Parameters
    ----------
    shape : NetworkShape
    seed : int or None
        Of the first weights; the last layer starts at zero. None: all do, for weights that are to be loaded.
    """

    KIND: ClassVar[str] = "tabular_resnet"

    def __init__(self, shape: NetworkShape, seed: int | None) -> None:
        super().__init__()
        source = None if seed is None else torch.Generator().manual_seed(seed)
        self.inputs = Inputs(shape, source)
        self.first = linear_layer(shape.inputs, shape.hidden, source, shape.init)
        self.blocks = nn.ModuleList([Block(shape, source) for _ in range(shape.blocks)])
        self.norm = NORMS[shape.norm or "layer"](shape.hidden)
        self.head = linear_layer(shape.hidden, shape.outputs, None)

    def forward(self, x_BF: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Logits (B, K) of float32 vectors (B, F); with `noise`, as in training: units dropped, batch norms learned."""
        h_BH = self.first(self.inputs(x_BF))
        for block in self.blocks:
            h_BH = block(h_BH, noise)
        return self.head(normed(self.norm, h_BH, noise is not None))  # type: ignore[no-any-return]


def _asinh(x_BN: Tensor) -> Tensor:
    """Inverse hyperbolic sine in steps that torch has vector instructions for: its own takes three times as long.

    Notes
    -----
    asinh |x| = log1p(|x| + x² / (1 + √(x² + 1))), which keeps all digits of small values. Near 10¹⁹ x² would become
    infinite, so that values beyond 10¹⁸ count as that.
    """
    size_BN = x_BN.abs().clamp_(max=_LARGEST)
    square_BN = size_BN.square()
    size_BN += square_BN / (1 + (square_BN + 1).sqrt_())
    return size_BN.log1p_().copysign_(x_BN)


def _drawn(rows: int, width: int, source: torch.Generator | None) -> Tensor:
    return torch.zeros(rows, width) if source is None else torch.randn(rows, width, generator=source) * 0.1


def _constant(module: nn.Module, name: str, values: Sequence[int]) -> None:
    # Follows from the shape, so it is not part of the state.
    module.register_buffer(name, torch.tensor(values, dtype=torch.long), persistent=False)
