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
    """Suffixes: … rows, or nothing for one row, B rows, F columns, D inputs, K outputs, R running means of labels, E
    entrants (the networks, then the ridges).

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
        answer_EK = self.answers(self.prepare(alone(x_BF)))
        return self.mixed(answer_EK).reshape(len(x_BF), answer_EK.shape[-1])

    def prepare(self, x_F: Float32) -> Float64:
        """What the entrants see now, (…, D), for vectors (…, F)."""
        return self.inputs.prepare(x_F, self.recent_RK)

    def answers(self, z_D: Float64) -> Float64:
        """Answer of each entrant, (…, E, K)."""
        return np.concatenate((self.networks.answer(z_D), self.ridge.answer(z_D)), axis=-2)

    def mixed(self, answer_EK: Float64) -> Float32:
        """Their answers as one, (…, K)."""
        mixed_K: Float32 = self.share_E.dot(answer_EK).astype(np.float32)
        return mixed_K

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
            yield from ((f"{part}.{name}", getattr(of_part, name)) for name in _given(of_part))
        yield from (("recent_RK", self.recent_RK), ("share_E", self.share_E))

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Self:
        """Build the model that `snapshot` was taken from, on its arrays."""
        saved = snapshot.tensors
        parts = {
            part: kind(**{name: saved[f"{part}.{name}"] for name in _given(kind)}) for part, kind in _PARTS.items()
        }
        return cls(target=snapshot.manifest["target"], recent_RK=saved["recent_RK"], share_E=saved["share_E"], **parts)


def _given(part: Any) -> list[str]:
    """Fields that it is built from, without those that follow from them."""
    return [field.name for field in fields(part) if field.init]


def alone(x_BF: Float32) -> Float32:
    """The one row of a batch of one without the axis of rows, (F,), for which NumPy takes half the time; else all."""
    return x_BF[0] if len(x_BF) == 1 else x_BF
