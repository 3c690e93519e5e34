"""The concept bank as the last checkpoint holds it, for those who look from outside. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.concepts.concept import Concept
from models.concepts.keeping import concept_of, parted
from models.protocol import Snapshot
from models.tensor_bytes import decode_snapshot
from schemas.errors import DataError


@dataclass(frozen=True, slots=True)
class KeptConcepts:
    """What a bank holds.

    Attributes
    ----------
    examples : int
        Learned when the checkpoint was made.
    open : Concept or None
        The present regime.
    closed : tuple of Concept
        Those before it, by number.
    """

    examples: int
    open: Concept | None
    closed: tuple[Concept, ...]

    @property
    def all(self) -> tuple[Concept, ...]:
        """By rising number."""
        present = () if self.open is None else (self.open,)
        return tuple(sorted((*self.closed, *present), key=lambda concept: concept.number))


def concepts_in(payload: bytes) -> KeptConcepts:
    """Read the bank in a learner's checkpoint.

    Raises
    ------
    DataError
        These bytes are no checkpoint, or its learner has no bank.
    """
    whole = decode_snapshot(payload)
    if "bank" not in whole.manifest.get("court", {}):
        raise DataError(
            "This learner keeps no bank of concepts.",
            "Set `gate.policy: better` with `concepts.size` above 0 in the pipeline file, under a new pipeline name.",
        )
    tensors = {k.removeprefix("court/"): t for k, t in whole.tensors.items() if k.startswith("court/")}
    bank = parted(Snapshot(tensors, whole.manifest["court"]))["bank"]
    parts = parted(Snapshot(bank.tensors, bank.manifest["parts"]))
    closed = [concept_of(part) for name, part in parts.items() if name.startswith("concept")]
    return KeptConcepts(
        examples=int(bank.manifest["examples"]),
        open=concept_of(parts["open"]) if "open" in parts else None,
        closed=tuple(sorted(closed, key=lambda concept: concept.number)),
    )
