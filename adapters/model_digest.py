"""What every model store checks: digests and version numbers."""

from __future__ import annotations

import re
from hashlib import sha256

from schemas.errors import DataError, DigestMismatch, MissingModel

_DIGEST = re.compile(r"[0-9a-f]{64}")
# Redis scripts count in doubles.
_LARGEST = 2**53 - 1


def digest_of(blob: bytes) -> str:
    """SHA-256 of a blob, in hex: its name in the store.

    Examples
    --------
    >>> digest_of(b"")[:8]
    'e3b0c442'
    """
    return sha256(blob).hexdigest()


def check_blob(blob: bytes | None, digest: str) -> bytes:
    """Return the blob that was fetched under `digest`.

    Raises
    ------
    MissingModel
        There is none.
    DigestMismatch
        It is another one.
    """
    if blob is None:
        raise missing_blob(digest)
    if (found := digest_of(blob)) != digest:
        raise DigestMismatch(
            f"The model stored as {digest[:12]}… has the digest {found[:12]}…: it was changed in the store.",
            "Publish the version again from the versions topic.",
        )
    return blob


def check_version(number: int, digest: str) -> None:
    """Refuse what cannot name a version.

    Raises
    ------
    ValueError
        The number is not in 1 … 2⁵³−1, or the digest is not 64 hex digits.
    """
    if not 1 <= number <= _LARGEST:
        raise ValueError(f"a version number is from 1 to 2**53 - 1, not {number}")
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"a digest is 64 hex digits, not {digest!r}")


def missing_blob(digest: str) -> MissingModel:
    """Say that a blob is not there."""
    return MissingModel(
        f"No model with the digest {digest[:12]}… is in the store.", "Store it again, or take the current version."
    )


def other_digest(number: int, digest: str) -> DataError:
    """Say that a number is taken."""
    return DataError(
        f"Version {number} stands in the store with another digest than {digest[:12]}….",
        "A number is used once: give each pipeline a name, or a model store, of its own.",
    )
