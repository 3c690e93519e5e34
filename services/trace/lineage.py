"""What an example shaped, and what shaped a version: counting in the log of examples. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from services.trace.story import Batch, Lineage, Shaped, Version


def last_before(versions: Mapping[int, Version], offset: int) -> Version | None:
    """Newest version that an example had no part in: examples can be counted on from there."""
    return max((v for v in versions.values() if v.last_offset < offset), key=lambda v: v.number, default=None)


def batch_of(offset: int, size: int, counted: int, good: Iterable[NDArray[np.int64]]) -> Batch | None:
    """Find the minibatch of an example.

    Parameters
    ----------
    offset : int
        Of the example in the log.
    size : int
        Examples in a minibatch.
    counted : int
        Examples learned before `good`; whole minibatches.
    good : iterable of ndarray of int64
        Offsets of examples that can be learned from, rising. No more is taken from it than needed.

    Returns
    -------
    Batch or None
        None if the example is not among them: the learner refused it.

    Examples
    --------
    >>> stretches = [np.array([3, 4, 7]), np.array([8, 10, 11])]
    >>> batch_of(8, 2, 6, stretches)
    Batch(example=10, number=5, offsets=(7, 8), missing=0)
    >>> batch_of(11, 4, 0, stretches)
    Batch(example=6, number=2, offsets=(10, 11), missing=2)
    >>> batch_of(9, 4, 0, stretches) is None
    True
    """
    batch: list[int] = []
    for next_offset in (o for offsets in good for o in offsets.tolist()):
        if len(batch) == size:
            counted, batch = counted + size, []
        batch.append(next_offset)
        if len(batch) == size and offset <= next_offset:
            break
    if offset not in batch:
        return None
    return Batch(counted + batch.index(offset) + 1, counted // size + 1, tuple(batch), size - len(batch))


def shaped_by(versions: Mapping[int, Version], offset: int) -> Shaped | None:
    """Versions that were trained through an offset; None if none was yet."""
    numbers = sorted(number for number, version in versions.items() if version.last_offset >= offset)
    if not numbers:
        return None
    published = next((number for number in numbers if versions[number].published), None)
    return Shaped(numbers[0], published, len(numbers) - 1)


def lineage_of(versions: Mapping[int, Version], number: int, digest: str) -> Lineage:
    """Follow a version's parents as far as they were announced.

    Parameters
    ----------
    number, digest : int, str
        As an answer names them.
    """
    version = versions.get(number)
    if version is None:
        return Lineage(number, None, False, ())
    ancestors: list[Version] = []
    parent = versions.get(version.parent)
    while parent is not None:
        ancestors.append(parent)
        # A parent is always older, whatever the records say.
        parent = versions.get(parent.parent) if parent.parent < parent.number else None
    return Lineage(number, version, version.digest == digest, tuple(ancestors))
