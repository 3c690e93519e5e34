"""From the words of a pipeline file to a replay memory."""

from __future__ import annotations

from models.protocol import Target
from models.replay import Memory, Reservoir
from models.replay_groups import GroupedMemory


def memory_of(kind: str, size: int, width: int, seed: int, target: Target) -> Memory:
    """Make the memory that the pipeline file names.

    Parameters
    ----------
    kind : str
        As in `schemas.pipeline_learning.Replay`.
    size, width, seed : int
        Examples held at most, numbers in each, and what decides every draw.

    Examples
    --------
    >>> type(memory_of("class_balanced", 8, 2, 0, "binary")).__name__
    'GroupedMemory'
    """
    if kind == "reservoir":
        return Reservoir(size, width, seed)
    return GroupedMemory(size, width, seed, classes=target != "regression", concepts=kind == "concept_balanced")
