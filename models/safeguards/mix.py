"""The safeguards of one learner, in a fixed order, with one count of when they anchor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor

from models.protocol import Snapshot
from models.safeguards.a_gem import AveragedGem
from models.safeguards.distillation import ChampionDistillation
from models.safeguards.ewc import OnlineEwc
from models.safeguards.logit_replay import DarkExperience
from models.safeguards.parent import L2ToParent
from models.safeguards.safeguard import Batch, Safeguard, Surroundings, gradients_of
from models.safeguards.synaptic import SynapticHold
from schemas.errors import DataError
from schemas.pipeline_safeguards import Safeguards

_KINDS: Final = (L2ToParent, OnlineEwc, SynapticHold, ChampionDistillation, DarkExperience, AveragedGem)


def safeguards_of(section: Safeguards, around: Surroundings) -> list[Safeguard]:
    """Make those that the pipeline file names."""
    chosen = ((kind, getattr(section, kind.NAME)) for kind in _KINDS)
    return [kind(words, around) for kind, words in chosen if words is not None]


class Mix:
    """Calls each safeguard's hooks; false if there is none, so that a learner without any pays nothing.

    Parameters
    ----------
    parts : sequence of Safeguard
        Each of another name.
    when : "version", "concept" or int
        When they anchor, as in `schemas.pipeline_safeguards.Safeguards`.
    parameters : list of Tensor
        Of the network that learns.
    """

    def __init__(self, parts: Sequence[Safeguard], when: str | int, parameters: list[Tensor]) -> None:
        self._parts, self._when, self._parameters = parts, when, parameters
        self._learned = self._concept = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    def loss_terms(self, batch: Batch, logit_BK: Tensor) -> Iterator[Tensor]:
        """Scalars to be added to the loss."""
        terms = (part.loss_term(batch, logit_BK) for part in self._parts)
        return (term for term in terms if term is not None)

    def turn_gradient(self, batch: Batch) -> bool:
        """Let all look at the gradient and change it; false, and nothing done, if it is not finite."""
        norms = torch._foreach_norm(gradients_of(self._parameters))
        if not bool(torch.isfinite(torch.stack(norms)).all()):
            return False
        for part in self._parts:
            part.observe(batch)
        for part in self._parts:
            part.add_gradient()
        for part in self._parts:
            part.project()
        return True

    def after_step(self) -> None:
        """Let all look at what the step did."""
        for part in self._parts:
            part.after_step()

    def after_batch(self, rows: int) -> None:
        """Count fresh examples; anchor where the count says so."""
        before, self._learned = self._learned, self._learned + rows
        if isinstance(self._when, int) and self._learned // self._when > before // self._when:
            self.anchor()

    def on_version(self) -> None:
        """Anchor, if versions are what is anchored to."""
        if self._when == "version":
            self.anchor()

    def on_concept(self, concept: int) -> None:
        """Anchor at a change, if concepts are what is anchored to: the one that ends must not be forgotten.

        A learner that has learned nothing yet does not: it would hold to answers that are none.
        """
        if self._when == "concept" and concept != self._concept and self._learned:
            self.anchor()
        self._concept = concept

    def anchor(self) -> None:
        """Hold to the present from now on."""
        for part in self._parts:
            part.anchor()

    def snapshot(self) -> Snapshot:
        """Of all parts, each under its name."""
        states = {part.NAME: part.snapshot() for part in self._parts}
        tensors = {f"{name}.{key}": value for name, state in states.items() for key, value in state.tensors.items()}
        counts = {"learned": self._learned, "concept": self._concept}
        return Snapshot(tensors, {"counts": counts, **{name: state.manifest for name, state in states.items()}})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It is of another mix or another network.
        """
        names = {part.NAME for part in self._parts}
        if snapshot.manifest.keys() != names | {"counts"}:
            raise DataError(
                f"The learner saved had other safeguards: {sorted(snapshot.manifest.keys() - {'counts'})}.",
                "The pipeline file has changed since: start the learner anew, or take the old file back.",
            )
        counts = snapshot.manifest["counts"]
        self._learned, self._concept = int(counts["learned"]), int(counts["concept"])
        for part in self._parts:
            start = f"{part.NAME}."
            tensors = {k.removeprefix(start): v for k, v in snapshot.tensors.items() if k.startswith(start)}
            part.restore(Snapshot(tensors, snapshot.manifest[part.NAME]))
