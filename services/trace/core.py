"""From what was found in the log to the story of a request. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from schemas.contracts import Contracts
from schemas.status import Status
from schemas.topics import topic_name
from services.trace.fates import answer_waits, label_fares, letter_about, letter_of
from services.trace.features import features_of
from services.trace.lineage import lineage_of, shaped_by
from services.trace.sightings import Found, Sighting
from services.trace.story import Answer, Batch, Example, Feature, Label, Letter, Lineage, Request, Story, Version


class Narrator:
    """Tells one story.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    request_id : str
    found : Found
        All that the log says of it.
    batches : mapping of int to Batch
        Minibatch of each example, by its offset; none for one that the learner refused.
    versions : mapping of int to Version
        All that were announced.
    """

    def __init__(
        self,
        contracts: Contracts,
        request_id: str,
        found: Found,
        batches: Mapping[int, Batch],
        versions: Mapping[int, Version],
    ) -> None:
        self._contracts, self._id, self._found = contracts, request_id, found
        self._batches, self._versions = batches, versions
        self._letters = tuple(letter_of(sighting, found.replays) for sighting in found.letters)
        self._request: Mapping[str, Any] = found.requests[0].fields if found.requests else {}

    def story(self) -> Story:
        """Tell all of it."""
        found = self._found
        return Story(
            self._id,
            self._contracts.pipeline.pipeline,
            tuple(map(self._asked, found.requests)),
            tuple(map(self._answer, found.answers)),
            tuple(map(self._label, found.labels)),
            tuple(map(self._example, found.examples)),
            self._letters,
            self._lineages(),
        )

    def _asked(self, sighting: Sighting) -> Request:
        names = self._contracts.pipeline.request.fields
        fields = {name: _known(sighting.fields[name]) for name in names}
        return Request(sighting.place, sighting.fields["request_time"], fields, self._letter(sighting))

    def _answer(self, sighting: Sighting) -> Answer:
        f, join, letter = sighting.fields, self._contracts.pipeline.join, self._letter(sighting)
        waits = answer_waits(sighting, self._found, letter, join.wait)
        state = self._found.joins.get(sighting.place.partition)
        read_at = _known(f["features_time"])
        return Answer(
            place=sighting.place,
            request_time=f["request_time"],
            status=Status(f["status"]).symbol,
            reason=f["reason"],
            output=tuple(f["output"].tolist()),
            version=f["version"],
            digest=f["digest"],
            answered_at=f["answered_at"],
            queue_ms=f["queue_ms"],
            features_ms=f["features_ms"],
            model_ms=f["model_ms"],
            features_time=read_at,
            features_age_ms=None if read_at is None else f["request_time"] - read_at,
            features=self._features(f),
            waiting=waits,
            until=f["request_time"] + join.wait if waits in ("pending", "timed_out", "unread") else None,
            labels_reached=_known(state.labels_reached) if state and waits in ("pending", "unread") else None,
            letter=letter,
        )

    def _label(self, sighting: Sighting) -> Label:
        f, letter = sighting.fields, self._letter(sighting)
        asked = next((s.fields["request_time"] for s in (*self._found.requests, *self._found.answers)), None)
        return Label(
            sighting.place,
            f["label_time"],
            f["value"],
            f["labeller"],
            None if asked is None else f["label_time"] - asked,
            label_fares(sighting, self._found, letter),
            letter,
        )

    def _example(self, sighting: Sighting) -> Example:
        f, letter, offset = sighting.fields, self._letter(sighting), sighting.place.offset
        topic = topic_name(self._contracts.pipeline.pipeline, "predictions")
        answer = (topic, f["partition"], f["prediction_offset"])
        is_there = any(s.place.position == answer for s in self._found.answers)
        return Example(
            place=sighting.place,
            label=f["label"],
            label_time=f["label_time"],
            origin=("observed", "default")[f["origin"]],
            version=f["version"],
            digest=f["digest"],
            answer=answer,
            label_offset=None if f["label_offset"] < 0 else f["label_offset"],
            features=() if is_there else self._features(f),
            batch=self._batches.get(offset),
            shaped=shaped_by(self._versions, offset) if offset in self._batches else None,
            letter=letter,
        )

    def _features(self, fields: Mapping[str, Any]) -> tuple[Feature, ...]:
        return features_of(self._contracts.layout, fields["features"].tolist(), self._request)

    def _letter(self, sighting: Sighting) -> Letter | None:
        return letter_about(self._letters, sighting.place)

    def _lineages(self) -> tuple[Lineage, ...]:
        """Each version that made a prediction here; what was refused names one too, but no model saw it."""
        all_ = (s.fields for s in (*self._found.answers, *self._found.examples))
        named = [(f["version"], f["digest"]) for f in all_ if f["status"] < Status.PRIOR]
        return tuple(lineage_of(self._versions, *pair) for pair in dict.fromkeys(named))


def _known(value: Any) -> Any:
    """What is missing is None: a number that is none, and text that is empty."""
    missing = value == "" if isinstance(value, str) else not math.isfinite(value)
    return None if missing else value
