"""Several networks that answer together, each with its share: what an ensemble over time publishes.

Shape suffixes: B rows, F columns, K outputs, M members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from models.network_mlp import NETWORKS
from models.network_model import NetworkModel
from models.protocol import Float32, Float64, Snapshot
from schemas.errors import DataError

_MOST: Final = 64


class EnsembleModel:
    """Answers with the mean of its members' answers, weighted by their shares.

    Parameters
    ----------
    members : sequence of NetworkModel
        Of one kind, at least one.
    share_M : ndarray of float64
        Not negative, summing to 1.
    """

    KIND: ClassVar[str] = "ensemble"

    def __init__(self, members: Sequence[NetworkModel], share_M: Float64) -> None:
        self.members, self.share_M = members, share_M

    @property
    def kind(self) -> str:
        """Name under which `models.snapshot` decodes it."""
        return self.KIND

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K), as `models.protocol.ServedModel` says."""
        answers = (member.predict_many(x_BF) for member in self.members)
        parts = [share * answer_BK for share, answer_BK in zip(self.share_M, answers, strict=True)]
        whole: Float32 = np.sum(parts, axis=0).astype(np.float32)
        return whole

    def snapshot(self) -> Snapshot:
        """All members and their shares."""
        states = [member.snapshot() for member in self.members]
        tensors = {f"{i}/{name}": value for i, state in enumerate(states) for name, value in state.tensors.items()}
        manifest = {"of": self.members[0].kind, "members": [state.manifest for state in states]}
        return Snapshot(tensors | {"share": self.share_M.copy()}, manifest)

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, device: torch.device | None = None) -> Self:
        """Build the model that `snapshot` was taken from.

        Raises
        ------
        DataError
            Its parts do not fit each other.
        """
        kind, manifests = snapshot.manifest["of"], snapshot.manifest["members"]
        share_M = np.array(snapshot.tensors["share"], np.float64)
        if kind not in NETWORKS or not 0 < len(manifests) <= _MOST or share_M.shape != (len(manifests),):
            raise DataError(
                f"An ensemble of {len(manifests)} {kind!r:.40} with {share_M.shape} shares is none that is published.",
                "Take another version.",
            )
        parts = [Snapshot(part_of(snapshot, f"{i}/"), manifest) for i, manifest in enumerate(manifests)]
        return cls([NetworkModel.from_snapshot(part, device, kind) for part in parts], share_M)


def part_of(snapshot: Snapshot, prefix: str) -> dict[str, NDArray[Any]]:
    """Tensors whose names begin with a prefix, under the rest of their names."""
    return {name.removeprefix(prefix): t for name, t in snapshot.tensors.items() if name.startswith(prefix)}
