"""Where in the log to look for a request, so that little of it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from adapters.log_search import LogSearch, Stretch, Wanted
from adapters.partitioner import partition_of
from schemas.contracts import Contracts
from schemas.records import Records
from schemas.status import Status
from schemas.topics import Role, topic_name
from services.trace.join_state import POSITION, answer_key, join_state, label_key
from services.trace.needle import keyed, naming, written_by
from services.trace.sightings import Found, JoinState, Sighting, letters_of, replays_of, sightings_of

Tell = Callable[[str, int, int], None]
"""Is told what is being looked for, how many offsets have been passed, and of how many."""

CLOCKS_MS: Final = 60_000.0
"""How far apart the clocks of two machines may be, where one's times say where to look in what another wrote."""


class Gathering:
    """Finds all that the log says of one request. Blocks on the log.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    log : LogSearch
        Used by nobody else meanwhile.
    request_id : str
    tell : callable
        Called often while it reads.

    Attributes
    ----------
    read : Counter of str
        Offsets passed so far, by topic.
    """

    def __init__(self, contracts: Contracts, log: LogSearch, request_id: str, tell: Tell) -> None:
        self._contracts, self._log, self._tell = contracts, log, tell
        self._id, self._naming = request_id, naming(request_id)
        self.read: Counter[str] = Counter()

    def found(self) -> Found:
        """Look everywhere: the join's state before what the join wrote, so that nothing which moves is missed twice."""
        answers = self._sightings("predictions", "Prediction", self._home("predictions"))
        labels = self._sightings("labels", "Label", self._home("labels"))
        joins = self._joins(answers, labels)
        examples = self._examples(answers)
        if not labels and not any(example.fields["label_offset"] >= 0 for example in examples):
            labels = self._strayed_labels()
            joins = {**self._joins((), labels), **joins}
        letters, replays = self._letters()
        return Found(self._requests(answers), answers, labels, examples, letters, replays, joins)

    def records(self, topic: str, stretches: Sequence[Stretch], wanted: Wanted) -> Iterator[Records]:
        """Search stretches of one topic, telling of it."""
        before = self.read[topic]
        self.read[topic] = before  # also where there is nothing to pass

        def passed(now: int, total: int) -> None:
            self.read[topic] = before + now
            self._tell(topic, now, total)

        yield from (found for found in self._log.find(stretches, wanted, passed) if found.values)

    def topic(self, role: Role) -> str:
        """Full name of a topic."""
        return topic_name(self._contracts.pipeline.pipeline, role)

    def _sightings(self, role: Role, record: str, stretches: Sequence[Stretch]) -> list[Sighting]:
        stretches = [stretch for stretch in stretches if len(stretch)]
        found = self.records(self.topic(role), stretches, self._naming)
        return [s for records in found for s in sightings_of(self._contracts, records, record, self._id)]

    def _home(self, role: Role) -> tuple[Stretch, ...]:
        """The partition that the request id is sent to."""
        stretches = self._log.stretches(self.topic(role))
        return (stretches[partition_of(self._id.encode(), len(stretches))],)

    def _requests(self, answers: Sequence[Sighting]) -> list[Sighting]:
        """Around the time of an answer, in the partition of its entity; else everywhere: clocks and keys may differ."""
        topic = self.topic("requests")
        whole = self._log.stretches(topic)
        for answer in answers:
            home = whole[partition_of(answer.fields["entity"].encode(), len(whole))]
            if found := self._sightings("requests", "Request", [self._around(home, answer)]):
                return found
        return self._sightings("requests", "Request", whole)

    def _around(self, stretch: Stretch, answer: Sighting) -> Stretch:
        f = answer.fields
        asked = f["answered_at"] - f["model_ms"] - f["features_ms"] - f["queue_ms"]
        first = self._log.since(stretch, asked - CLOCKS_MS).first
        return replace(stretch, first=first, end=self._log.since(stretch, f["answered_at"] + CLOCKS_MS).first)

    def _examples(self, answers: Sequence[Sighting]) -> list[Sighting]:
        """What was written after the first answer; all, where the answer may have been dropped by retention."""
        stretches = self._log.stretches(self.topic("examples"))
        if answers and all(answer.fields["status"] > Status.PRIOR for answer in answers):
            return []
        if answers:
            since = min(answer.place.arrived_at for answer in answers) - CLOCKS_MS
            stretches = tuple(self._log.since(stretch, since) for stretch in stretches)
        return self._sightings("examples", "Example", stretches)

    def _strayed_labels(self) -> list[Sighting]:
        """Labels in partitions where they cannot meet their answer: their writer uses another partitioner."""
        (home,) = self._home("labels")
        others = [s for s in self._log.stretches(home.topic) if s.partition != home.partition]
        return self._sightings("labels", "Label", others)

    def _letters(self) -> tuple[list[Sighting], list[Sighting]]:
        """Dead letters, and what says of them that they were written back, which stands after them."""
        topic, is_replay = self.topic("dead-letters"), written_by(self._contracts.codec("Replayed"))
        letters, replays = list[Sighting](), list[Sighting]()

        def wanted(key: bytes | None, value: bytes | None) -> bool:
            return self._naming(key, value) or is_replay(key, value)

        for records in self.records(topic, self._log.stretches(topic), wanted):
            letters += letters_of(self._contracts, records, self._id)
            replays += replays_of(self._contracts, records, letters) if letters else []
        return letters, replays

    def _joins(self, answers: Sequence[Sighting], labels: Sequence[Sighting]) -> dict[int, JoinState]:
        """What the join holds now, in each partition where an answer or a label stands."""
        topic = self.topic("join-changelog")
        keys: dict[int, list[bytes]] = {}
        for key_of, sightings in ((answer_key, answers), (label_key, labels)):
            for sighting in sightings:
                keys.setdefault(sighting.place.partition, [POSITION]).append(key_of(sighting.place.offset))
        stretches = {stretch.partition: stretch for stretch in self._log.stretches(topic)}
        return {
            partition: join_state(self._contracts, self.records(topic, [stretches[partition]], keyed(*wanted)))
            for partition, wanted in keys.items()
        }
