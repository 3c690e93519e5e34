"""From the words of a pipeline file to an optimiser.

References
----------
Polyak 1964: Some methods of speeding up the convergence of iteration methods (momentum).
Duchi, Hazan, Singer 2011: Adaptive subgradient methods (AdaGrad).
Tieleman, Hinton 2012: Lecture 6.5 (RMSprop).
Kingma, Ba 2015: Adam.
Loshchilov, Hutter 2019: Decoupled weight decay regularization (AdamW).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import torch
from torch import nn

from schemas.pipeline_optimiser import Optimiser


def optimiser_of(section: Optimiser, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Make the optimiser that the pipeline file names.

    Examples
    --------
    >>> optimiser = optimiser_of(Optimiser(kind="sgd", rate=0.5, momentum=0), [nn.Parameter(torch.zeros(1))])
    >>> optimiser.defaults["lr"], optimiser.defaults["momentum"]
    (0.5, 0.0)
    """
    own, rate, decay = list(parameters), section.rate, section.weight_decay
    match section.kind:
        case "sgd":
            return torch.optim.SGD(own, rate, momentum=section.momentum, weight_decay=decay, fused=True)
        case "adagrad":
            return torch.optim.Adagrad(own, rate, weight_decay=decay, foreach=True)
        case "rmsprop":
            return torch.optim.RMSprop(own, rate, weight_decay=decay, foreach=True)
        case "adam":
            return torch.optim.Adam(own, rate, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(own, rate, weight_decay=decay, fused=True)
        case kind:
            assert_never(kind)
