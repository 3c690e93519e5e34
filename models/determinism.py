"""Making torch repeat itself to the last bit."""

from __future__ import annotations

import torch


def make_deterministic() -> None:
    """Bind torch to one thread and to algorithms that give the same bits each time, for the whole process.

    Sums over several threads come out in another order, so their last bits depend on how many there are.
    A process that learns calls this first.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
