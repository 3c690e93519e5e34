"""The first pass: each topic once, into the books."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapters.whole_log import Span, Spans, Stretch
from schemas.contracts import Contracts
from schemas.decoded import Decoded, Part
from schemas.status import Status
from schemas.topics import Role
from services.verify.answering import Answering
from services.verify.copies import Copies, by_partition
from services.verify.features import Events, Features, Weights
from services.verify.hashing import Hashes
from services.verify.joining import (
    ANSWER_CODES,
    ANSWER_ENDS,
    LABEL_CODES,
    LABEL_ENDS,
    Flow,
    codes,
)
from services.verify.keys import id_keys, request_keys
from services.verify.learnable import learnable
from services.verify.learning import Learning
from services.verify.ledger import Entries
from services.verify.letters import Letters, letters_by_topic
from services.verify.marks import END, Marks
from services.verify.progress import Reading
from services.verify.report import Fault, Place
from services.verify.samples import Samples
from services.verify.state import JoinState
from services.verify.versions import Named, Versions, announced_in
from services.verify.zone import Zone

_LAST_PREDICTED = Status.PRIOR


class Books:
    """All that one run of `verify` adds up.

    Parameters
    ----------
    contracts : Contracts
    reading : Reading
    samples : Samples
    """

    def __init__(self, contracts: Contracts, reading: Reading, samples: Samples) -> None:
        cut = reading.cut
        self.contracts, self.reading, self.cut, self.samples = contracts, reading, cut, samples
        self.zone = Zone(np.concatenate([np.empty(0, np.uint64), *self._waiting_keys()]))
        self.answering = Answering(contracts, self.zone, {p: s.end for p, s in cut.below("requests").items()})
        self.feature_marks = Marks(cut.topic("features"), cut.spans["features"])
        self.pane_marks = Marks(cut.topic("panes"), cut.spans["panes"])
        self.versions, self.later, self.named = Versions(), Versions(), Named()
        self.copies = Copies(cut)
        self.features = Features(cut.topic("features"), cut.below("features"))
        self.letters, self.replayed, self.pane_letters, self.untold = 0, 0, 0, 0
        self.unread: dict[str, Fault] = {}

    @property
    def thinned(self) -> set[int]:
        """Versions whose artefact the topic has let go of."""
        return self.versions.thinned | self.later.thinned

    def read_all(self) -> None:
        """Read every topic once."""
        for stretch in self.reading.topic("requests", self.cut.below("requests")):
            self.answering.ask(stretch)
        self._read_versions()
        self._read_state()
        self._read_examples()
        self._read_letters()
        self._read_predictions()
        self._read_labels()
        self._read_features()

    def _waiting_keys(self) -> Iterator[Hashes]:
        for stretch in self.reading.topic("requests", self.cut.above("requests")):
            yield request_keys(self.contracts, stretch.partition_B, stretch.offset_B, stretch.values)

    def _read_versions(self) -> None:
        self._take_versions(self.versions, self.cut.spans["versions"])
        self.learning = Learning(self.versions.in_order, self.cut.read["examples"].get(0, 0))

    def read_later_versions(self) -> None:
        """Read what was announced since: answers may name it already, and the store hold it."""
        now = self.reading.spans("versions")
        self._take_versions(self.later, {p: Span(s.end, now[p].end) for p, s in self.cut.spans["versions"].items()})

    def _take_versions(self, versions: Versions, spans: Spans) -> None:
        for stretch in self.reading.topic("versions", spans):
            part = self._decoded(stretch, ("Version",)).part("Version")
            if part is not None:
                for version in announced_in(part, stretch.topic, stretch.partition_B, stretch.offset_B):
                    versions.take(version)

    def _read_state(self) -> None:
        state = JoinState(self.copies.answer_marks, self.copies.label_marks)
        for stretch in self.reading.topic("join-changelog", with_keys=True):
            for partition in np.unique(stretch.partition_B).tolist():
                rows = np.flatnonzero(stretch.partition_B == partition).tolist()
                state.take(partition, [stretch.keys[r] for r in rows], [stretch.values[r] for r in rows])
        self.books, self.reached = state.books(self.contracts), state.reached(self.contracts)
        self.answers_flow = self._flow("answers", "predictions", self.copies.answer_marks)
        self.labels_flow = self._flow("labels", "labels", self.copies.label_marks)

    def _flow(self, name: str, role: Role, marks: Marks) -> Flow:
        ends, read = (ANSWER_ENDS if name == "answers" else LABEL_ENDS), self.cut.read[role]
        books = {p: {n: c for n, c in book.items() if n.startswith(f"{name}_")} for p, book in self.books.items()}
        return Flow(marks, name, ends, books, read, self.reached, not self.cut.beheaded(role))

    def _read_examples(self) -> None:
        for stretch in self.reading.topic("examples"):
            part = self.part(stretch, "Example")
            if part is not None:
                self.copies.take_examples(stretch, part)
            good_N, bad_N = learnable(self.contracts, stretch, part)
            bad = self.learning.bad_rows(stretch.topic, bad_N)
            self.untold += len(bad_N) - len(bad.hash_N)
            self.learning.take(good_N, bad)

    def bad_examples(self, stretch: Stretch) -> Entries:
        """Keys of rows that cannot be learned from, as far as the learner must have told of them."""
        _, bad_N = learnable(self.contracts, stretch, self.part(stretch, "Example"))
        return self.learning.bad_rows(stretch.topic, bad_N)

    def letters_in(self, stretch: Stretch) -> dict[str, Letters]:
        """Dead letters by the topic of their events."""
        part = self._decoded(stretch, ("DeadLetter", "Replayed")).part("DeadLetter")
        return letters_by_topic(stretch.topic, part, stretch.partition_B, stretch.offset_B) if part else {}

    def _read_letters(self) -> None:
        for stretch in self.reading.topic("dead-letters"):
            decoded = self._decoded(stretch, ("DeadLetter", "Replayed"))
            part, replayed = decoded.part("DeadLetter"), decoded.part("Replayed")
            self.letters += len(part.row_N) if part else 0
            self.replayed += len(replayed.row_N) if replayed else 0
            if part:
                found = letters_by_topic(stretch.topic, part, stretch.partition_B, stretch.offset_B)
                for topic, letters in found.items():
                    self._bury(topic, letters)

    def _bury(self, topic: str, letters: Letters) -> None:
        roles: dict[str, Role] = {self.cut.topic(role): role for role in self.cut.spans}
        by = letters.entries(np.zeros(len(letters.offset_L), np.uint64))
        bad_L = np.full(len(letters.offset_L), 15, np.uint8)
        match roles.get(topic):
            case "requests":
                self.answering.bury(letters)
            case "predictions":
                self.copies.answer_marks.end(
                    by, letters.partition_L, letters.offset_L, codes(letters.reason_L, ANSWER_CODES)
                )
            case "labels":
                self.copies.label_marks.end(
                    by, letters.partition_L, letters.offset_L, codes(letters.reason_L, LABEL_CODES)
                )
            case "features":
                self.feature_marks.end(by, letters.partition_L, letters.offset_L, bad_L)
            case "examples":
                self.learning.bury(letters)
            case "panes":
                self.pane_letters += len(letters.offset_L)
                self.pane_marks.end(by, letters.partition_L, letters.offset_L, bad_L)
            case _:
                pass  # of topics that nobody answers for

    def _read_predictions(self) -> None:
        for stretch in self.reading.topic("predictions"):
            part = self.part(stretch, "Prediction")
            unpredicted_B, due_B = np.zeros(len(stretch), np.bool_), np.full(len(stretch), -np.inf)
            if part is not None:
                unpredicted_B[part.row_N] = part.columns["status"] > _LAST_PREDICTED
                due_B[part.row_N] = part.columns["request_time"] + self.contracts.pipeline.join.wait
                partition_N, offset_N = stretch.partition_B[part.row_N], stretch.offset_B[part.row_N]
                key_N = id_keys(part.columns["request_id"])
                self.answering.answer(key_N, part.columns["status"])
                self.named.take(stretch.topic, part.columns, partition_N, offset_N)
                self.samples.take(part.columns, key_N, partition_N, offset_N)
                self.copies.take_answers(stretch, part)
            for partition, rows in by_partition(stretch):
                self.answers_flow.take(partition, stretch.offset_B[rows], unpredicted_B[rows], due_B[rows])

    def _read_labels(self) -> None:
        for stretch in self.reading.topic("labels"):
            decoded = self.contracts.decode(stretch.values, ("Label", "Progress"))
            part, promise = decoded.part("Label"), decoded.part("Progress")
            if part is not None:
                self.copies.take_labels(stretch, part)
            is_label_B = np.ones(len(stretch), np.bool_)
            if promise is not None:
                is_label_B[promise.row_N] = False
            for partition, rows in by_partition(stretch):
                rows = rows[is_label_B[rows]]
                never, always = np.zeros(len(rows), np.bool_), np.full(len(rows), -np.inf)
                self.labels_flow.take(partition, stretch.offset_B[rows], never, always)

    def _read_features(self) -> None:
        weights, events = Weights(self.contracts), tuple(self.contracts.pipeline.events)
        for stretch in self.reading.topic("panes"):
            part = self._decoded(stretch, ("Pane",)).part("Pane")
            if part is not None:
                places = stretch.topic, stretch.partition_B[part.row_N], stretch.offset_B[part.row_N]
                self.features.fold(places, part.columns, weights.in_rows(part.columns))
        self.features.close()
        for stretch in self.reading.topic("features", self.cut.below("features")):
            decoded = self.contracts.decode(stretch.values, (*events, "Progress"))
            weight_B, usable_B, promise_B = np.zeros(len(stretch), np.int64), *np.zeros((2, len(stretch)), np.bool_)
            for part in decoded.parts:
                weight_B[part.row_N] = weights.of(part)
                usable_B[part.row_N] = True
                promise_B[part.row_N] = part.name == "Progress"
            for partition, rows in by_partition(stretch):
                buried_N = (self.feature_marks.meet(partition, stretch.offset_B[rows]) & END) != 0
                found = Events(weight_B[rows], usable_B[rows], promise_B[rows], buried_N)
                self.features.take(partition, stretch.offset_B[rows], found)

    def _decoded(self, stretch: Stretch, welcome: tuple[str, ...]) -> Decoded:
        """Decode records that only Anabranch writes: one that cannot be read is a fault of its own, or buried."""
        decoded = self.contracts.decode(stretch.values, welcome)
        for fault in decoded.faults[:1] if stretch.topic not in self.unread else ():
            partition, offset = int(stretch.partition_B[fault.row]), int(stretch.offset_B[fault.row])
            is_pane = stretch.topic == self.pane_marks.topic
            if not is_pane or not self.pane_marks.has_ended(partition, np.array([offset]))[0]:
                what = f"cannot be read with the schemas of the pipeline file and its lock: {fault.detail}"
                self.unread[stretch.topic] = Fault(Place(stretch.topic, partition, offset), what)
        return decoded

    def unread_of(self, role: Role) -> list[Fault]:
        """Say which record of a topic could not be read first, if any."""
        topic = self.cut.topic(role)
        return [self.unread[topic]] if topic in self.unread else []

    def part(self, stretch: Stretch, record: str, welcome: tuple[str, ...] = ()) -> Part | None:
        """Decode one record of a stretch; None if it has none."""
        return self.contracts.decode(stretch.values, welcome or (record,)).part(record)
