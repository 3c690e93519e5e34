"""What became of an answer and of a label at the join. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.status import Status
from services.trace.sightings import Found, JoinState, Place, Sighting
from services.trace.story import Fate, Letter, Waiting

_OBSERVED = 0
_NOTHING = JoinState()


def letter_of(sighting: Sighting, replays: Sequence[Sighting] = ()) -> Letter:
    """Read a dead letter, with the last of the replays that are of it."""
    f = sighting.fields
    source = (f["topic"], f["partition"], f["offset"])
    own = (r.fields for r in replays if _letter_position(r.fields) == sighting.place.position[1:])
    again = [(r["topic"], r["to_partition"], r["to_offset"]) for r in own]
    return Letter(sighting.place, source, f["at"], f["reason"], f["detail"], f["process"], again[-1] if again else None)


def letter_about(letters: Sequence[Letter], place: Place) -> Letter | None:
    """The letter that holds the record at a place."""
    return next((letter for letter in letters if letter.source == place.position), None)


def answer_waits(answer: Sighting, found: Found, letter: Letter | None, wait_ms: int) -> Waiting:
    """Say how an answer stands at the join.

    Parameters
    ----------
    wait_ms : int
        How long after the request the join waits for its label, event time.
    """
    if letter is not None:
        return "dead_letter"
    if answer.fields["status"] > Status.PRIOR:
        return "no_prediction"
    for example in found.examples:
        if _answer_position(example.fields) == answer.place.position[1:]:
            return "joined" if example.fields["origin"] == _OBSERVED else "defaulted"
    join = found.joins.get(answer.place.partition, _NOTHING)
    if answer.place.offset in join.pending:
        return "pending"
    return "timed_out" if join.labels_reached >= answer.fields["request_time"] + wait_ms else "unread"


def label_fares(label: Sighting, found: Found, letter: Letter | None) -> Fate:
    """Say what became of a label."""
    if letter is not None:
        return "dead_letter"
    position = label.place.position[1:]
    if any((e.fields["partition"], e.fields["label_offset"]) == position for e in found.examples):
        return "joined"
    join = found.joins.get(label.place.partition, _NOTHING)
    return "held" if label.place.offset in join.held else "unread"


def _letter_position(replay: Mapping[str, int]) -> tuple[int, int]:
    return replay["letter_partition"], replay["letter_offset"]


def _answer_position(example: Mapping[str, int]) -> tuple[int, int]:
    return example["partition"], example["prediction_offset"]
