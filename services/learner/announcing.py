"""Versions as records of the versions topic, and what they are checked against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from adapters.learner_ports import Announcement
from adapters.ports import ModelStore
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.records import Outgoing
from schemas.topics import topic_name
from services.learner.effects import Candidate, Standing

VersionFields = Mapping[str, int | float | str | bool]
"""Fields of the `Version` record without the artefact."""


def encode_version(contracts: Contracts, fields: VersionFields, artefact: bytes) -> Outgoing:
    """Write the record that announces a version; a refused one carries no artefact."""
    columns = {n: np.array([v.encode() if isinstance(v, str) else v]) for n, v in fields.items()}
    column = np.empty(1, object)
    column[0] = artefact
    (value,) = contracts.codec("Version").encode({**columns, "artefact": column})
    return Outgoing(topic_name(contracts.pipeline.pipeline, "versions"), [str(fields["number"]).encode()], [value])


def manifest_of(fields: VersionFields) -> str:
    """Write the manifest, JSON, that the store keeps beside the artefact."""
    return json.dumps(fields, sort_keys=True, allow_nan=False)


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
        fields, artefact = _decode_version(contracts, announcement)
        digests[announcement.number] = str(fields["digest"])
        if fields["published"] and (standing is None or announcement.number > standing.number):
            standing = Standing(announcement.number, str(fields["digest"]), artefact, manifest_of(fields))
    return Predecessor(digests, standing)


def _decode_version(contracts: Contracts, announcement: Announcement) -> tuple[VersionFields, bytes]:
    part = contracts.decode([announcement.value], ("Version",)).part("Version")
    if part is None:
        raise DataError(
            f"The versions topic holds no version under {announcement.number}.", "Restore the topic from a copy."
        )
    row = {name: column[0] for name, column in part.columns.items()}
    artefact = bytes(row.pop("artefact"))
    return {n: v.decode() if isinstance(v, bytes) else v.item() for n, v in row.items()}, artefact


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
