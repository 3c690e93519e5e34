"""What examples repeat: answers as they were served, and labels as they came. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adapters.whole_log import Stretch
from schemas.decoded import Part
from schemas.topics import Role
from services.verify.cut import Cut
from services.verify.hashing import Hashes
from services.verify.joining import DEFAULTED, JOINED
from services.verify.keys import Ints, answer_keys, label_keys
from services.verify.ledger import Entries, Ledger
from services.verify.marks import Marks


class Copies:
    """Two ledgers: of answers and examples, of labels and examples, each by content and place.

    Parameters
    ----------
    cut : Cut
    """

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self.answer_marks = Marks(cut.topic("predictions"), cut.spans["predictions"])
        self.label_marks = Marks(cut.topic("labels"), cut.spans["labels"])
        self.served, self.labelled = Ledger(), Ledger()
        self.answers, self.labels = 0, 0

    def take_examples(self, stretch: Stretch, part: Part) -> None:
        """Take examples: they come before what they repeat."""
        self.mark(stretch, part)
        self.served.debit(self.served_of(stretch, part).hash_N)
        self.labelled.debit(self.labelled_of(stretch, part).hash_N)

    def take_answers(self, stretch: Stretch, part: Part) -> None:
        """Take answers."""
        joined = self.joined_answers(stretch, part)
        self.answers += len(joined.hash_N)
        self.served.credit(joined.hash_N)

    def take_labels(self, stretch: Stretch, part: Part) -> None:
        """Take labels."""
        joined = self.joined_labels(stretch, part)
        self.labels += len(joined.hash_N)
        self.labelled.credit(joined.hash_N)

    def mark(self, stretch: Stretch, part: Part) -> None:
        """Note the answers and labels that examples end."""
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

    def _is_left(self, role: Role, partition_N: Ints, offset_N: Ints) -> NDArray[np.bool_]:
        firsts = {p: span.first for p, span in self._cut.spans[role].items()}
        if not any(firsts.values()):
            return np.ones(len(offset_N), np.bool_)
        return offset_N >= np.array([firsts.get(p, 0) for p in partition_N.tolist()], np.int64)

    def joined_answers(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of answers that examples name."""
        code_B = self._ends(self.answer_marks, stretch)
        return self._picked(stretch, part, np.isin(code_B[part.row_N], (JOINED, DEFAULTED)), "answers")

    def _picked(self, stretch: Stretch, part: Part, at_N: NDArray[np.bool_], what: str) -> Entries:
        part = part if at_N.all() else part.rows(at_N)
        partition_N, offset_N = stretch.partition_B[part.row_N], stretch.offset_B[part.row_N]
        c = part.columns
        if what == "answers":
            return Entries(stretch.topic, partition_N, offset_N, answer_keys(c, partition_N, offset_N))
        keys = label_keys(partition_N, offset_N, c["request_id"], c["value"], c["label_time"])
        return Entries(stretch.topic, partition_N, offset_N, keys)

    def _ends(self, marks: Marks, stretch: Stretch) -> NDArray[np.uint8]:
        code_B = np.zeros(len(stretch), np.uint8)
        for partition, rows in by_partition(stretch):
            code_B[rows] = marks.has_ended(partition, stretch.offset_B[rows])
        return code_B

    def joined_labels(self, stretch: Stretch, part: Part) -> Entries:
        """Keys of labels that examples name."""
        code_B = self._ends(self.label_marks, stretch)
        return self._picked(stretch, part, code_B[part.row_N] == JOINED, "labels")


def _entries(stretch: Stretch, part: Part, keys: Hashes | None = None) -> Entries:
    keys = np.zeros(len(part.row_N), np.uint64) if keys is None else keys
    return Entries(stretch.topic, stretch.partition_B[part.row_N], stretch.offset_B[part.row_N], keys)


def by_partition(stretch: Stretch) -> list[tuple[int, NDArray[np.intp]]]:
    """Rows of each partition."""
    partitions = np.unique(stretch.partition_B).tolist()
    if len(partitions) == 1:
        return [(partitions[0], np.arange(len(stretch)))]
    return [(p, np.flatnonzero(stretch.partition_B == p)) for p in partitions]
