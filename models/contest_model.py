"""What a contest serves: all its entrants' answers, mixed by how far each is ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.contest_inputs import ContestInputs
from models.contest_networks import ContestNetworks
from models.contest_ridge import ContestRidge
from models.protocol import Float32, Float64, Snapshot, Target

_PARTS: Final[dict[str, type[Any]]] = {"inputs": ContestInputs, "networks": ContestNetworks, "ridge": ContestRidge}


@dataclass(frozen=True, slots=True)
class ContestModel:
    """Suffixes: B rows, F columns, K outputs, E entrants (the networks, then the ridges), R running means of labels.

    Attributes
    ----------
    recent_RK : float64
        Running means of the newest labels known.
    share_E : float64
        Weight of each entrant in the answer; they sum to 1.
    """

    KIND: ClassVar[str] = "contest"

    target: Target
    inputs: ContestInputs
    networks: ContestNetworks
    ridge: ContestRidge
    recent_RK: Float64
    share_E: Float64

    @property
    def kind(self) -> str:
        """Name under which `models.snapshot` decodes it."""
        return self.KIND

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K), as `models.protocol.ServedModel` says."""
        return self.mixed(self.answers(self.prepare(x_BF)))

    def prepare(self, x_BF: Float32) -> Float64:
        """What the entrants see now, (B, D)."""
        return self.inputs.prepare(x_BF, self.recent_RK)

    def answers(self, z_BD: Float64) -> Float64:
        """Answer of each entrant, (E, B, K)."""
        return np.concatenate((self.networks.answer(z_BD), self.ridge.answer(z_BD)))

    def mixed(self, answer_EBK: Float64) -> Float32:
        """Their answers as one, (B, K)."""
        entrants, rows, outputs = answer_EBK.shape
        return (self.share_E @ answer_EBK.reshape(entrants, -1)).reshape(rows, outputs).astype(np.float32)

    def frozen(self) -> Self:
        """A copy that nothing changes any more."""
        return self.from_snapshot(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Copies of all arrays, and the target."""
        return Snapshot({name: value.copy() for name, value in self.arrays()}, {"target": self.target})

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Every array by its name, not copied."""
        for part in _PARTS:
            of_part = getattr(self, part)
            yield from ((f"{part}.{field.name}", getattr(of_part, field.name)) for field in fields(of_part))
        yield from (("recent_RK", self.recent_RK), ("share_E", self.share_E))

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Self:
        """Build the model that `snapshot` was taken from, on its arrays."""
        saved = snapshot.tensors
        parts = {
            name: part(**{field.name: saved[f"{name}.{field.name}"] for field in fields(part)})
            for name, part in _PARTS.items()
        }
        return cls(target=snapshot.manifest["target"], recent_RK=saved["recent_RK"], share_E=saved["share_E"], **parts)
