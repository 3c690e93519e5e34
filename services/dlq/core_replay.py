"""Which letters may be written back, as what, and the mark that says so. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from adapters.dlq_ports import Event, Landed
from schemas.contracts import Contracts
from schemas.dead_letters import REPLAY_HEADER, source_position
from schemas.records import Headers, Outgoing
from schemas.topics import MAX_MESSAGE_BYTES, TOPICS, topic_name
from services.dlq.letter import Letter

REFUSALS: Final[dict[str, str]] = {
    "answer": "an answer: written again, its request would be answered twice",
    "late_pane": "what was left of late events: their pane stays closed; the detail names the events themselves",
    "learned_log": "of the one log that makes the weights: written again it would be learned in another place",
    "ours": "written by one of our processes for another: make the process write it again instead",
    "not_ours": "of a topic that this pipeline does not have",
    "promise": "a Progress: it promised what was true when it was sent",
    "answered": "another request with its id was answered: written again, that id would be answered twice",
    "request_again": "a request that was written back before: it has its answer by now, or a letter of its own",
    "too_large": "so large that it does not fit its topic any more with the header that tells where it comes from",
}
"""Every reason not to write a letter's event back, with what it means."""

_OF_ROLE: Final = {"predictions": "answer", "panes": "late_pane", "examples": "learned_log"}
ENVELOPE_BYTES: Final = 512
"""More than what Kafka's own framing adds to one record."""

ALREADY: Final = "already"
Verdict = Event | str
"""The event to write, `ALREADY`, or a member of `REFUSALS`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a replay may do.

    Parameters
    ----------
    open_topics : frozenset of str
        Topics that applications write; only their events go back.
    closed_topics : dict of str to str
        The pipeline's other topics, each with the refusal for it.
    requests : str
        The requests topic.
    promise : bytes
        With what the value of a `Progress` begins.
    again : bool
        Whether letters that were replayed may be so again.
    """

    open_topics: frozenset[str]
    closed_topics: dict[str, str]
    requests: str
    promise: bytes
    again: bool


def rules_of(contracts: Contracts, again: bool) -> Rules:
    """Rules for the topics of a pipeline."""
    name = contracts.pipeline.pipeline
    is_open = {topic_name(name, spec.role): "applications" in spec.writers for spec in TOPICS}
    closed = {topic_name(name, s.role): _OF_ROLE.get(s.role, "ours") for s in TOPICS if "applications" not in s.writers}
    promise = b"\0" + contracts.codec("Progress").schema_id.to_bytes(4, "big")
    requests = topic_name(name, "requests")
    return Rules(frozenset(t for t, opens in is_open.items() if opens), closed, requests, promise, again)


def judge(rules: Rules, letter: Letter) -> Verdict:
    """Decide on one letter. What was replayed before is left out first, whatever else is true of it."""
    if letter.times and not rules.again:
        return ALREADY
    if letter.topic not in rules.open_topics:
        return rules.closed_topics.get(letter.topic, "not_ours")
    if letter.value.startswith(rules.promise):
        return "promise"
    if letter.topic == rules.requests and letter.reason == "duplicate_request":
        return "answered"
    if letter.topic == rules.requests and letter.times:
        return "request_again"
    event = event_of(letter)
    return event if event.size + ENVELOPE_BYTES <= MAX_MESSAGE_BYTES else "too_large"


def event_of(letter: Letter) -> Event:
    """Build the event again: same topic, key, value and headers, and one header that says where it stood.

    The key chooses the partition, as with the applications, so that labels go where their answers are. An event
    without a key stays in its partition.
    """
    value = None if letter.reason == "no_value" else letter.value
    partition = None if letter.key else letter.partition
    return Event(letter.topic, letter.key or None, value, _headers(letter), partition)


def _headers(letter: Letter) -> Headers:
    """A replay of what was a replay names the place of that one, whose letter names the one before."""
    kept = tuple(header for header in letter.headers if header[0] != REPLAY_HEADER)
    return (*kept, (REPLAY_HEADER, letter.source.encode()))


def marks_of(
    contracts: Contracts, letters: Sequence[Letter], landed: Sequence[Landed], now_ms: float
) -> Iterator[Outgoing]:
    """Make the `Replayed` records: each under the key of its letter, and in its partition."""
    topic, codec = topic_name(contracts.pipeline.pipeline, "dead-letters"), contracts.codec("Replayed")
    if not letters:
        return
    values = codec.encode(
        {
            "at": np.full(len(letters), now_ms),
            "letter_partition": np.array([x.position.partition for x in letters]),
            "letter_offset": np.array([x.position.offset for x in letters]),
            "partition": np.array([x.partition for x in letters]),
            "offset": np.array([x.offset for x in letters]),
            "to_partition": np.array([at.partition for at in landed]),
            "to_offset": np.array([at.offset for at in landed]),
            "times": np.array([x.times + 1 for x in letters]),
            "topic": np.array([x.topic for x in letters]),
            "reason": np.array([x.reason for x in letters]),
        }
    )
    for letter, value in zip(letters, values, strict=True):
        key = source_position(letter.topic, letter.partition, letter.offset)
        yield Outgoing(topic, [key], [value], letter.position.partition)
