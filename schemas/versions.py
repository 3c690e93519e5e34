"""Versions as records of the versions topic: written whole, and again without the artefact when it is old.

The topic keeps the artefacts of the newest `learner.keep_artefacts` published versions. What is older is *thinned*:
its record stands once more under the same key, all fields as they were but the artefact empty, and compaction then
frees the first one. So a record of a published version without an artefact is never a new version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.errors import DataError
from schemas.records import Headers, Outgoing
from schemas.topics import topic_name

VersionFields = Mapping[str, int | float | str | bool]
"""Fields of the `Version` record without the artefact."""

THINNED: Final[tuple[str, bytes]] = ("anabranch-thinned", b"1")
"""Header of a thinned record, for readers that do not decode."""


@dataclass(frozen=True, slots=True)
class Version:
    """A record of the versions topic.

    Attributes
    ----------
    digest : str
        SHA-256 of the artefact, hex.
    published : bool
        False: the gate refused it, and it never had an artefact on the topic.
    manifest : str
        All fields but the artefact, JSON: what the model store keeps beside the blob.
    artefact : bytes
        Empty if it was refused or thinned.
    """

    number: int
    digest: str
    published: bool
    manifest: str
    artefact: bytes

    @property
    def thinned(self) -> bool:
        """Whether its artefact is no longer here."""
        return self.published and not self.artefact


def encode_version(contracts: Contracts, fields: VersionFields, artefact: bytes) -> Outgoing:
    """Write the record that announces a version; a refused one carries no artefact."""
    columns = {n: np.array([v.encode() if isinstance(v, str) else v]) for n, v in fields.items()}
    column = np.empty(1, object)
    column[0] = artefact
    (value,) = contracts.codec("Version").encode({**columns, "artefact": column})
    thinned = bool(fields["published"]) and not artefact
    headers: list[Headers] | None = [(THINNED,)] if thinned else None
    topic = topic_name(contracts.pipeline.pipeline, "versions")
    return Outgoing(topic, [str(fields["number"]).encode()], [value], headers=headers)


def encode_thinned(contracts: Contracts, manifest: str) -> Outgoing:
    """Write the record of a version again, without its artefact."""
    return encode_version(contracts, json.loads(manifest), b"")


def manifest_of(fields: VersionFields) -> str:
    """Write the manifest, JSON, that the store keeps beside the artefact.

    Examples
    --------
    >>> manifest_of({"number": 3, "digest": "ab"})
    '{"digest": "ab", "number": 3}'
    """
    return json.dumps(fields, sort_keys=True, allow_nan=False)


def read_version(contracts: Contracts, value: bytes | None) -> Version:
    """Read a record of the versions topic.

    Raises
    ------
    DataError
        It is none.
    """
    part = contracts.decode([value], ("Version",)).part("Version")
    if part is None:
        raise DataError("The versions topic holds a record that is no version.", "Restore the topic from a copy.")
    row = {name: column[0] for name, column in part.columns.items()}
    artefact = bytes(row.pop("artefact"))
    fields: dict[str, Any] = {n: v.decode() if isinstance(v, bytes) else v.item() for n, v in row.items()}
    return Version(fields["number"], fields["digest"], fields["published"], manifest_of(fields), artefact)


def is_thinned(columns: Columns) -> NDArray[np.bool_]:
    """Say which rows of `Version` columns are published versions whose artefact is no longer there, shape (B,)."""
    empty_B = np.fromiter((not artefact for artefact in columns["artefact"]), np.bool_, len(columns["artefact"]))
    return np.asarray(columns["published"] & empty_B, np.bool_)
