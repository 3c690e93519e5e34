"""Refusing the state of another detector."""

from __future__ import annotations

from models.protocol import Snapshot
from schemas.errors import DataError


def check_kind(snapshot: Snapshot, kind: str, **shapes: tuple[int, ...]) -> None:
    """Check that a snapshot is of this kind, with tensors of these shapes.

    Raises
    ------
    DataError
        It is not.
    """
    found = {name: snapshot.tensors[name].shape for name in shapes if name in snapshot.tensors}
    saved = snapshot.manifest.get("kind")
    if saved != kind or found != shapes:
        raise DataError(
            f"The state saved is of the detector {saved} with {found}, not of {kind} with {shapes}.",
            "The configuration has changed since: start the detector anew, or take the old configuration back.",
        )
