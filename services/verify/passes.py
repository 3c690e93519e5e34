"""The first pass: each topic once, into the books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from adapters.whole_log import Stretch
from schemas.contracts import Contracts
from schemas.decoded import Part
from schemas.examples import examples_of
from schemas.status import Status
from schemas.topics import Role
from services.verify.answering import Answering
from services.verify.features import Events, Features, Weights
from services.verify.hashing import Hashes
from services.verify.joining import (
    ANSWER_CODES,
    ANSWER_ENDS,
    DEFAULTED,
    JOINED,
    LABEL_CODES,
    LABEL_ENDS,
    Flow,
    codes,
)
from services.verify.keys import Ints, answer_keys, id_keys, label_keys
from services.verify.learning import Learning
from services.verify.ledger import Entries, Ledger
from services.verify.letters import Letters, letters_by_topic
from services.verify.marks import END, Marks
from services.verify.progress import Reading
from services.verify.samples import Samples
from services.verify.state import JoinState
from services.verify.versions import Named, Versions, announced_in
from services.verify.zone import Zone

_LAST_PREDICTED = Status.PRIOR


@dataclass(slots=True)
class Copied:
    """Two ledgers of what examples repeat: of answers as they were served, and of labels as they came."""

    served: Ledger = field(default_factory=Ledger)
    labelled: Ledger = field(default_factory=Ledger)
    answers: int = 0
    labels: int = 0
    gone: int = 0


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
        self.zone = Zone(_all_keys(self._request_keys("above")))
        self.answering = Answering(contracts, self.zone, {p: s.end for p, s in cut.below("requests").items()})
        self.answer_marks = Marks(cut.topic("predictions"), cut.spans["predictions"])
        self.label_marks = Marks(cut.topic("labels"), cut.spans["labels"])
        self.feature_marks = Marks(cut.topic("features"), cut.spans["features"])
        self.pane_marks = Marks(cut.topic("panes"), cut.spans["panes"])
        self.versions, self.named, self.copied = Versions(), Named(), Copied()
        self.features = Features(cut.topic("features"), {p: s.end for p, s in cut.below("features").items()})
        self.letters, self.replayed, self.pane_letters, self.untold = 0, 0, 0, 0
        self.books: dict[int, dict[str, int]] = {}

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

    def _request_keys(self, side: str) -> Iterator[Hashes]:
        spans = self.cut.above("requests") if side == "above" else self.cut.below("requests")
        probe = Answering(self.contracts, Zone(np.empty(0, np.uint64)), {})
        for stretch in self.reading.topic("requests", spans):
            yield probe.requests_of(stretch).hash_N

    def _read_versions(self) -> None:
        for stretch in self.reading.topic("versions"):
            part = self.part(stretch, "Version")
            if part is not None:
                for version in announced_in(part, stretch.topic, stretch.partition_B, stretch.offset_B):
                    self.versions.take(version)
        told = self.cut.read["examples"].get(0, 0)
        self.learning = Learning(self.versions.in_order, told)

    def _read_state(self) -> None:
        state = JoinState(self.answer_marks, self.label_marks)
        for stretch in self.reading.topic("join-changelog", with_keys=True):
            for partition in np.unique(stretch.partition_B).tolist():
                rows = np.flatnonzero(stretch.partition_B == partition).tolist()
                state.take(partition, [stretch.keys[r] for r in rows], [stretch.values[r] for r in rows])
        self.books = state.books(self.contracts)
        self.answers_flow = self._flow("answers", "predictions", self.answer_marks)
        self.labels_flow = self._flow("labels", "labels", self.label_marks)

    def _flow(self, name: str, role: Role, marks: Marks) -> Flow:
        ends, read = (ANSWER_ENDS if name == "answers" else LABEL_ENDS), self.cut.read[role]
        books = {p: {n: c for n, c in book.items() if n.startswith(f"{name}_")} for p, book in self.books.items()}
        return Flow(marks, name, ends, books, read, not self.cut.beheaded(role))

    def _read_examples(self) -> None:
        for stretch in self.reading.topic("examples"):
            part = self.part(stretch, "Example")
            if part is not None:
                self._mark_example(stretch, part)
                self.copied.served.debit(self.served_of(stretch, part).hash_N)
                self.copied.labelled.debit(self.labelled_of(stretch, part).hash_N)
            good_N, bad_N = self._learnable(stretch, part)
            bad = self.learning.bad_rows(stretch.topic, bad_N)
            self.untold += len(bad_N) - len(bad.hash_N)
            self.learning.take(good_N, bad)

    def _learnable(self, stretch: Stretch, part: Part | None) -> tuple[Ints, Ints]:
        """Offsets of rows that can be learned from, and of the others."""
        if part is None:
            return np.empty(0, np.int64), stretch.offset_B
        found, _ = examples_of(part, stretch.offset_B[part.row_N], self.contracts.layout)
        if len(found) == len(stretch):
            return found.offset_B, np.empty(0, np.int64)
        return found.offset_B, np.setdiff1d(stretch.offset_B, found.offset_B)

    def bad_examples(self, stretch: Stretch) -> Entries:
        """Keys of rows that cannot be learned from, as far as the learner must have told of them."""
        _, bad_N = self._learnable(stretch, self.part(stretch, "Example"))
        return self.learning.bad_rows(stretch.topic, bad_N)

    def _mark_example(self, stretch: Stretch, part: Part) -> None:
        c, by = part.columns, _entries(stretch, part)
        observed_N = c["origin"] == 0
        code_N = np.where(observed_N, JOINED, DEFAULTED).astype(np.uint8)
        self.answer_marks.end(by, c["partition"], c["prediction_offset"], code_N)
        labelled = by.pick(observed_N)
        self.label_marks.end(labelled, c["partition"][observed_N], c["label_offset"][observed_N], code_N[observed_N])

    def served_of(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of the answers that examples repeat; those of answers that retention removed are left out."""
        here_N = self._is_left("predictions", part.columns["partition"], part.columns["prediction_offset"])
        part = part if here_N.all() else part.rows(here_N)
        keys = answer_keys(part.columns, part.columns["partition"], part.columns["prediction_offset"])
        return _entries(stretch, part, keys)

    def labelled_of(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of the labels that examples repeat."""
        c = part.columns
        here_N = (c["origin"] == 0) & self._is_left("labels", c["partition"], c["label_offset"])
        part = part if here_N.all() else part.rows(here_N)
        c = part.columns
        keys = label_keys(c["partition"], c["label_offset"], c["request_id"], c["label"], c["label_time"])
        return _entries(stretch, part, keys)

    def _is_left(self, role: Role, partition_N: Ints, offset_N: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        firsts = {p: span.first for p, span in self.cut.spans[role].items()}
        if not any(firsts.values()):
            return np.ones(len(offset_N), np.bool_)
        return offset_N >= np.array([firsts.get(p, 0) for p in partition_N.tolist()], np.int64)

    def letters_in(self, stretch: Stretch) -> dict[str, Letters]:
        """Dead letters by the topic of their events."""
        part = self.part(stretch, "DeadLetter", ("DeadLetter", "Replayed"))
        return letters_by_topic(stretch.topic, part, stretch.partition_B, stretch.offset_B) if part else {}

    def _read_letters(self) -> None:
        for stretch in self.reading.topic("dead-letters"):
            found = self.letters_in(stretch)
            letters = sum(len(letters.offset_L) for letters in found.values())
            self.letters, self.replayed = self.letters + letters, self.replayed + len(stretch) - letters
            for topic, letters_of_topic in found.items():
                self._bury(topic, letters_of_topic)

    def _bury(self, topic: str, letters: Letters) -> None:
        roles: dict[str, Role] = {self.cut.topic(role): role for role in self.cut.spans}
        by = letters.entries(np.zeros(len(letters.offset_L), np.uint64))
        bad_L = np.full(len(letters.offset_L), 15, np.uint8)
        match roles.get(topic):
            case "requests":
                self.answering.bury(letters)
            case "predictions":
                self.answer_marks.end(by, letters.partition_L, letters.offset_L, codes(letters.reason_L, ANSWER_CODES))
            case "labels":
                self.label_marks.end(by, letters.partition_L, letters.offset_L, codes(letters.reason_L, LABEL_CODES))
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
            unpredicted_B = np.zeros(len(stretch), np.bool_)
            if part is not None:
                unpredicted_B[part.row_N] = part.columns["status"] > _LAST_PREDICTED
                partition_N, offset_N = stretch.partition_B[part.row_N], stretch.offset_B[part.row_N]
                key_N = id_keys(part.columns["request_id"])
                self.answering.answer(key_N, part.columns["status"])
                self.named.take(stretch.topic, part.columns, partition_N, offset_N)
                self.samples.take(part.columns, key_N, partition_N, offset_N)
                joined = self.joined_answers(stretch, part)
                self.copied.answers += len(joined.hash_N)
                self.copied.served.credit(joined.hash_N)
            for partition, rows in _by_partition(stretch):
                self.answers_flow.take(partition, stretch.offset_B[rows], unpredicted_B[rows])

    def joined_answers(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of answers that examples name."""
        code_B = self._ends(self.answer_marks, stretch)
        return self._picked(stretch, part, np.isin(code_B[part.row_N], (JOINED, DEFAULTED)), "answers")

    def _picked(
        self, stretch: Stretch, part: Part, at_N: np.ndarray[tuple[int], np.dtype[np.bool_]], what: str
    ) -> Entries:
        part = part if at_N.all() else part.rows(at_N)
        partition_N, offset_N = stretch.partition_B[part.row_N], stretch.offset_B[part.row_N]
        c = part.columns
        if what == "answers":
            return Entries(stretch.topic, partition_N, offset_N, answer_keys(c, partition_N, offset_N))
        keys = label_keys(partition_N, offset_N, c["request_id"], c["value"], c["label_time"])
        return Entries(stretch.topic, partition_N, offset_N, keys)

    def _ends(self, marks: Marks, stretch: Stretch) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        code_B = np.zeros(len(stretch), np.uint8)
        for partition, rows in _by_partition(stretch):
            code_B[rows] = marks.has_ended(partition, stretch.offset_B[rows])
        return code_B

    def joined_labels(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of labels that examples name."""
        code_B = self._ends(self.label_marks, stretch)
        return self._picked(stretch, part, code_B[part.row_N] == JOINED, "labels")

    def _read_labels(self) -> None:
        for stretch in self.reading.topic("labels"):
            decoded = self.contracts.decode(stretch.values, ("Label", "Progress"))
            part, promise = decoded.part("Label"), decoded.part("Progress")
            if part is not None:
                joined = self.joined_labels(stretch, part)
                self.copied.labels += len(joined.hash_N)
                self.copied.labelled.credit(joined.hash_N)
            is_label_B = np.ones(len(stretch), np.bool_)
            if promise is not None:
                is_label_B[promise.row_N] = False
            for partition, rows in _by_partition(stretch):
                rows = rows[is_label_B[rows]]
                self.labels_flow.take(partition, stretch.offset_B[rows], np.zeros(len(rows), np.bool_))

    def _read_features(self) -> None:
        weights, events = Weights(self.contracts), tuple(self.contracts.pipeline.events)
        for stretch in self.reading.topic("panes"):
            part = self.part(stretch, "Pane")
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
            for partition, rows in _by_partition(stretch):
                buried_N = (self.feature_marks.meet(partition, stretch.offset_B[rows]) & END) != 0
                found = Events(weight_B[rows], usable_B[rows], promise_B[rows], buried_N)
                self.features.take(partition, stretch.offset_B[rows], found)

    def part(self, stretch: Stretch, record: str, welcome: tuple[str, ...] = ()) -> Part | None:
        """Decode one record of a stretch; None if it has none."""
        return self.contracts.decode(stretch.values, welcome or (record,)).part(record)


def _all_keys(found: Iterator[Hashes]) -> Hashes:
    return np.concatenate([np.empty(0, np.uint64), *found])


def _entries(stretch: Stretch, part: Part, keys: Hashes | None = None) -> Entries:
    keys = np.zeros(len(part.row_N), np.uint64) if keys is None else keys
    return Entries(stretch.topic, stretch.partition_B[part.row_N], stretch.offset_B[part.row_N], keys)


def _by_partition(stretch: Stretch) -> list[tuple[int, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    partitions = np.unique(stretch.partition_B).tolist()
    if len(partitions) == 1:
        return [(partitions[0], np.arange(len(stretch)))]
    return [(p, np.flatnonzero(stretch.partition_B == p)) for p in partitions]
