"""What a loop may be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How a loop batches and commits.

    Parameters
    ----------
    exactly_once : bool
        Transactions; else at least once, with one idempotent producer.
    max_batch : int
        Rows in a batch and in a transaction, at most.
    linger_ms : float
        How long a batch may wait for more rows while a commit is under way anyway.
    tick_ms : float
        Time between empty batches when nothing comes.
    drain_s : float
        How long works in flight may take to be committed on revocation and at the end.
    """

    exactly_once: bool = True
    max_batch: int = 4096
    linger_ms: float = 5.0
    tick_ms: float = 200.0
    drain_s: float = 10.0
