"""What a learner's predecessors announced, and what its own versions are checked against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.learner_ports import Announcement
from adapters.ports import ModelStore
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.versions import read_version
from services.learner.effects import Candidate, Standing


@dataclass(frozen=True, slots=True)
class Predecessor:
    """What predecessors announced.

    Attributes
    ----------
    digests : Mapping of int to str
        By version number.
    standing : Standing or None
        The newest one that was published.
    """

    digests: Mapping[int, str]
    standing: Standing | None


def predecessor_of(contracts: Contracts, announcements: Iterable[Announcement]) -> Predecessor:
    """Take in announced versions, in any order.

    Raises
    ------
    DataError
        The topic holds something else.
    """
    digests: dict[int, str] = {}
    standing: Standing | None = None
    for announcement in announcements:
        version = read_version(contracts, announcement.value)
        digests[version.number] = version.digest
        if version.artefact and (standing is None or version.number > standing.number):
            standing = Standing(version.number, version.digest, version.artefact, version.manifest)
    return Predecessor(digests, standing)


def standing_digest(store: ModelStore, number: int) -> str:
    """Digest of the version that stands in the store under a number; empty if none does."""
    manifest = store.manifest(number)
    return "" if manifest is None else str(json.loads(manifest)["digest"])


def other_digest(candidate: Candidate | Standing, standing: str, where: str) -> DataError:
    """Say that a version did not come out as before."""
    if not standing:
        return DataError(
            f"The model store stands at a version after {candidate.number}, of which the versions topic knows nothing.",
            "It belongs to another log: give this pipeline a model store of its own, or restore the topics.",
        )
    return DataError(
        f"Version {candidate.number} comes out as {candidate.digest}, but {standing} {where} under this number.",
        "The log, the pipeline file, the code or the processor has changed since: learn under a new pipeline name.",
    )
