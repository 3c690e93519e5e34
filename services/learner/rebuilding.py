"""Making one version again from the exact examples it was made of, or saying why it does not come out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from adapters.learner_ports import PartitionLog
from schemas.contracts import Contracts
from schemas.errors import DataError
from services.learner.effects import Candidate
from services.learner.recipe import Recipe, changes, recipe_of
from services.learner.relearn import Tell, relearn

_NEAREST: Final = 3


def rebuild(
    contracts: Contracts, log: PartitionLog, announced: Mapping[str, Any], first_learned: int, tell: Tell
) -> Candidate:
    """Learn again through the last offset of a version. Blocks for as long as learning all of that took.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline, as its file says now.
    log : PartitionLog
        Of the examples.
    announced : mapping
        Fields of the version's record.
    first_learned : int
        Offset of the first example that any version was made of.
    tell : callable
        As of `relearn`.

    Returns
    -------
    Candidate
        With the digest that was announced.

    Raises
    ------
    DataError
        The log no longer holds what the version was made of, or another model comes out; says what has changed.
    """
    bounds, last = log.end(), int(announced["last_offset"])
    if bounds.first > first_learned:
        raise _not_again(announced, f"the log of examples begins at offset {bounds.first}: what was before it is gone")
    if bounds.next <= last:
        raise _not_again(announced, f"the log of examples ends before its last offset, {last}")
    made: Candidate | None = None
    for candidate in relearn(contracts, log, last, tell):
        made = candidate
    if made is None or (made.number, made.digest) != (announced["number"], announced["digest"]):
        raise _not_again(announced, _cause(announced, made, recipe_of(contracts.pipeline)))
    return made


def nearest(number: int, known: Collection[int]) -> DataError:
    """Say that there is no such version, and which there are around it.

    Examples
    --------
    >>> print(nearest(7, [1, 2, 3, 4, 5]))
    Version 7 was never announced. The nearest are 3, 4, 5.
    >>> print(nearest(7, []))
    Version 7 was never announced. No version was announced yet.
    """
    around = sorted(sorted(known, key=lambda other: (abs(other - number), other))[:_NEAREST])
    cure = f"The nearest are {', '.join(map(str, around))}." if around else "No version was announced yet."
    return DataError(f"Version {number} was never announced.", cure)


def _cause(announced: Mapping[str, Any], made: Candidate | None, now: Recipe) -> str:
    if recipe := str(announced.get("recipe", "")):
        found = list(changes(json.loads(recipe), now))
        if found:
            return f"since then {'; '.join(found)}"
    else:
        found = ["the record does not say what it was made with"]
    if made is None or made.number != announced["number"]:
        found.append(f"the log now makes {made.number if made else 0} versions up to its last offset")
    return "; ".join(found) or "pipeline file, libraries and instruction set are as they were, so log or code is not"


def _not_again(announced: Mapping[str, Any], cause: str) -> DataError:
    return DataError(
        f"Version {announced['number']} ({str(announced['digest'])[:12]}) cannot be made again: {cause}.",
        "Rebuild with the pipeline file, the software and the kind of processor of that time, and the whole log.",
    )
