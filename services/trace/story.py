"""The story of a request, as `anabranch trace` tells it: frozen, so that screen and JSON tell the same.

Times are ms since 1970: event time unless a name says otherwise (`arrived_at`: Kafka's timestamp; `answered_at`,
`created_at`, `at`: clock of the process). What is missing or unknown is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.trace.sightings import Place

Waiting = Literal["joined", "defaulted", "pending", "timed_out", "no_prediction", "dead_letter", "unread"]
Fate = Literal["joined", "held", "dead_letter", "unread"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: where it stands, and what it says of the event from `source`.

    `replayed_to` is where its event was last written back, if it was.
    """

    place: Place
    source: tuple[str, int, int]
    at: float
    reason: str
    detail: str
    process: str
    replayed_to: tuple[str, int, int] | None


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; `letter` if it could not even be answered."""

    place: Place
    time: float
    fields: Mapping[str, float | str | None]
    letter: Letter | None


@dataclass(frozen=True, slots=True)
class Window:
    """What a column of the feature store is made of: which event's value, how aggregated, over how long, of whom."""

    event: str
    value: str
    aggregate: str
    span_ms: int
    key: tuple[str, ...]
    entity: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the vector as served; `text` is the category behind a code; `window` None: from the request."""

    name: str
    value: float | None
    text: str | None
    window: Window | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and what then became of it at the join.

    `features_age_ms` is how long before the request the pane ended that its windows were read at. `until` is when the
    join stops waiting for a label, and `labels_reached` how far the labels have come, both only while it matters.
    """

    place: Place
    request_time: float
    status: str
    reason: str
    output: tuple[float, ...]
    version: int
    digest: str
    answered_at: float
    queue_ms: float
    features_ms: float
    model_ms: float
    features_time: float | None
    features_age_ms: float | None
    features: tuple[Feature, ...]
    waiting: Waiting
    until: float | None
    labels_reached: float | None
    letter: Letter | None


@dataclass(frozen=True, slots=True)
class Label:
    """A label that came, and what became of it; `delay_ms` is from the request to it."""

    place: Place
    time: float
    value: float
    labeller: str
    delay_ms: float | None
    fate: Fate
    letter: Letter | None


@dataclass(frozen=True, slots=True)
class Batch:
    """The minibatch that an example was learned in; both counted from 1, refused rows not counted.

    `offsets` are those of its examples in the log, exactly; while `missing` are yet to come it has not been learned.
    """

    example: int
    number: int
    offsets: tuple[int, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class Shaped:
    """Versions with the example in their weights: the `first`, the first that was published, and how many came `after`.

    `after` counts those after the first.
    """

    first: int
    first_published: int | None
    after: int


@dataclass(frozen=True, slots=True)
class Example:
    """The pair that the join made. `features` only where the answer itself is no longer in its topic."""

    place: Place
    label: float
    label_time: float
    origin: str
    version: int
    digest: str
    answer: tuple[str, int, int]
    label_offset: int | None
    features: tuple[Feature, ...]
    batch: Batch | None
    shaped: Shaped | None
    letter: Letter | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it was announced; its weights were learned from the log's beginning through `last_offset`."""

    number: int
    parent: int
    digest: str
    published: bool
    examples: int
    partition: int
    first_offset: int
    last_offset: int
    created_at: float
    trained_through: float
    gate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lineage:
    """The version that answered, if it was announced, and its `ancestors`, parent first.

    `agrees`: the answer's digest is the one announced.
    """

    number: int
    version: Version | None
    agrees: bool
    ancestors: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All of it; each kind in log order."""

    request_id: str
    pipeline: str
    requests: tuple[Request, ...]
    answers: tuple[Answer, ...]
    labels: tuple[Label, ...]
    examples: tuple[Example, ...]
    letters: tuple[Letter, ...]
    lineages: tuple[Lineage, ...]
