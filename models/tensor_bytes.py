"""Snapshots as safetensors bytes: nothing is ever unpickled, and equal snapshots give equal bytes."""

from __future__ import annotations

import json

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from models.protocol import Json, Snapshot
from schemas.errors import DataError

# One key only: safetensors writes several in no fixed order, and equal snapshots must give equal bytes.
_MANIFEST = "anabranch"


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Write a snapshot.

    Examples
    --------
    >>> blob = encode_snapshot(Snapshot({"w": np.ones(2)}, {"b": 1, "a": [0.5]}))
    >>> decode_snapshot(blob).manifest, decode_snapshot(blob).tensors["w"].tolist()
    ({'a': [0.5], 'b': 1}, [1.0, 1.0])
    """
    manifest = json.dumps(snapshot.manifest, sort_keys=True, separators=(",", ":"))
    tensors = {name: np.asarray(value, order="C") for name, value in sorted(snapshot.tensors.items())}
    return save(tensors, {_MANIFEST: manifest})


def decode_snapshot(blob: bytes) -> Snapshot:
    """Read a snapshot.

    Raises
    ------
    DataError
        These bytes are not one.
    """
    try:
        return Snapshot(load(blob), _manifest_of(blob))
    except (SafetensorError, ValueError, KeyError) as error:
        raise DataError(
            f"These {len(blob)} bytes are no snapshot: {error}.", "Take another version, or rebuild it from the log."
        ) from error


def _manifest_of(blob: bytes) -> Json:
    # The format: eight bytes, little-endian, the length of a JSON header, then the header.
    length = int.from_bytes(blob[:8], "little")
    manifest = json.loads(json.loads(blob[8 : 8 + length])["__metadata__"][_MANIFEST])
    if not isinstance(manifest, dict):
        raise ValueError("its manifest is no object")
    return manifest
