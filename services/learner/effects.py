"""What learning asks of the world. Performed in order, after the step that asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from models.drift.event import Drift
from models.gate_evidence import Decision
from schemas.decoded import Fault
from schemas.records import Outgoing


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that the log has made, admitted by the gate or refused.

    Attributes
    ----------
    number : int
        Used once; refused candidates use theirs too.
    parent : int
        The last admitted version; 0: none.
    blob : bytes
        The model as safetensors.
    digest : str
        SHA-256 of it, hex.
    examples : int
        Learned since the beginning.
    first_offset, last_offset : int
        Of the examples learned since the parent.
    trained_through : float
        Event time, ms since 1970, of the newest label learned.
    scores : str
        Prequential figures at this point, JSON.
    concept : int
        Whose best version it is, once more; 0: it is what the learner has become.
    is_challenger : bool
        It is what a challenger has become, which takes the learner's place if it is admitted.
    """

    number: int
    parent: int
    blob: bytes
    digest: str
    decision: Decision
    examples: int
    first_offset: int
    last_offset: int
    trained_through: float
    scores: str
    concept: int = 0
    is_challenger: bool = False

    def fields(self, partition: int, created_at: float, recipe: str = "") -> dict[str, int | float | str | bool]:
        """Fields of the `Version` record without the artefact; `recipe` as `services.learner.recipe` writes it."""
        return {
            "created_at": created_at,
            "trained_through": self.trained_through,
            "number": self.number,
            "parent": self.parent,
            "examples": self.examples,
            "partition": partition,
            "first_offset": self.first_offset,
            "last_offset": self.last_offset,
            "published": self.decision.admitted,
            "digest": self.digest,
            "gate": self.decision.as_json(),
            "scores": self.scores,
            "recipe": recipe,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """A version that is published: the store must have it, or a later one."""

    number: int
    digest: str
    blob: bytes
    manifest: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The learner's whole state, and the offset it stands for: the next one to be read."""

    offset: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reacted:
    """Something was done to the learner, or could not be; told of, and nothing else.

    Attributes
    ----------
    examples : int
        Learned before it.
    action : str
        A key of `schemas.pipeline_reaction.Action`.
    why : str
        Drift, trigger or request.
    trouble : str
        Why it was not done; empty if it was.
    """

    examples: int
    action: str
    why: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class DriftFound:
    """What a detector on the learner's errors has to say, now: a record for the drift topic."""

    drift: Drift


@dataclass(frozen=True, slots=True)
class Refused:
    """Rows that cannot be learned from.

    Attributes
    ----------
    letters : Outgoing
        Their dead letters.
    told : int
        Offset after the last of them.
    faults : tuple of Fault
        What is wrong with each.
    """

    letters: Outgoing
    told: int
    faults: tuple[Fault, ...]


InOrder = Candidate | Standing | Checkpoint | Reacted
"""What waits for all that was asked for before it."""
AtOnce = Refused | DriftFound
"""What is told whatever waits: what is wrong with a row, or with errors, does not hang on the versions before it."""
Effect = InOrder | AtOnce


def is_version(effect: Effect) -> bool:
    """Whether an effect needs the model store."""
    return isinstance(effect, Candidate | Standing)
