"""Published models as bytes under their own digest. A blob holds all that is needed to answer."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import torch

from models.contest_model import ContestModel
from models.ensemble_model import EnsembleModel
from models.linear_model import LinearModel
from models.network_mlp import NETWORKS
from models.network_model import NetworkModel
from models.protocol import ServedModel, Snapshot
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.errors import DataError

FORMAT = 1


def encode_model(model: ServedModel, columns: Sequence[str] = ()) -> tuple[bytes, str]:
    """Write a model.

    Parameters
    ----------
    columns : sequence of str
        Names of the vector's columns (`Layout.names`), so that it never answers vectors of another meaning.

    Returns
    -------
    blob : bytes
        Safetensors; equal weights give equal bytes.
    digest : str
        SHA-256 of the blob, hex.
    """
    return encode_frozen(model.kind, model.snapshot(), columns)


def encode_frozen(kind: str, state: Snapshot, columns: Sequence[str] = ()) -> tuple[bytes, str]:
    """Write the snapshot of a model, as `encode_model` does."""
    manifest = {"format": FORMAT, "kind": kind, "columns": [*columns], "model": state.manifest}
    blob = encode_snapshot(Snapshot(state.tensors, manifest))
    return blob, sha256(blob).hexdigest()


def decode_model(blob: bytes, device: torch.device | None = None, columns: Sequence[str] = ()) -> ServedModel:
    """Read a model, onto `device` where its kind can use one.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns it will be given; empty: whoever asks knows.

    Raises
    ------
    DataError
        The bytes are no model, of a kind or format this version does not know, or for other columns.
    """
    state = decode_snapshot(blob)
    kind, found = state.manifest.get("kind"), state.manifest.get("format")
    if found != FORMAT or kind not in (*NETWORKS, LinearModel.KIND, EnsembleModel.KIND, ContestModel.KIND):
        raise DataError(
            f"The model is of kind {kind!r} in format {found!r}, which this version cannot read.",
            "Update this process to the version that wrote it.",
        )
    made_for = state.manifest.get("columns", [])
    if columns and made_for and [*columns] != made_for:
        raise DataError(
            f"The model was made for {made_for!r:.60} …, not for these {len(columns)}, or in another order.",
            "The pipeline file has changed: let the learner publish a version for it.",
        )
    try:
        inner = Snapshot(state.tensors, state.manifest["model"])
        if kind in NETWORKS:
            return NetworkModel.from_snapshot(inner, device, kind)
        if kind == EnsembleModel.KIND:
            return EnsembleModel.from_snapshot(inner, device)
        if kind == ContestModel.KIND:
            return ContestModel.from_snapshot(inner)
        return LinearModel.from_snapshot(inner)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, RuntimeError) as error:
        raise DataError(f"The model's parts do not make a model: {error!r}.", "Take another version.") from error
