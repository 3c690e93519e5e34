"""The join of one partition: which label belongs to which answer, decided by content and event time alone.

Two watermarks, the largest event times believed, say what can no longer come. An answer waits until the labels'
watermark is at ``request_time + wait``; a label that came once it was there is late, so it does not matter how the
input is cut into batches. A label without an answer waits until the predictions' watermark is past ``label_time +
early + wait``: answers of several request partitions meet in one, so they come out of order by as much as the predictor
is behind.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from schemas.pipeline import Join
from stream_jobs.label_join import stray
from stream_jobs.label_join.finished import JOINED, NO_PREDICTION, TIMED_OUT, Ending, FinishedRequests
from stream_jobs.label_join.held import HeldLabels
from stream_jobs.label_join.pending import PendingAnswers
from stream_jobs.label_join.policy import believed
from stream_jobs.label_join.position import Position, Reached
from stream_jobs.label_join.rows import Answers, HeldLabel, Labels, labels_of, one_after_the_other
from stream_jobs.label_join.step import Joined, Step
from stream_jobs.label_join.timing import IN_TIME, timing


class PartitionJoin:
    """State and decisions of one partition.

    Parameters
    ----------
    join : Join
        The pipeline's section.
    dtype : numpy dtype
        From `answer_dtype`.
    """

    def __init__(self, join: Join, dtype: np.dtype[np.void]) -> None:
        self.join = join
        self.position = Position()
        self.pending = PendingAnswers(dtype)
        self.held = HeldLabels()
        self.finished = FinishedRequests()

    def restore_label(self, label: HeldLabel) -> None:
        """Hold a label as it was held before a restart; the answers are there already."""
        self.held.hold(label)
        if label.id in self.pending:
            slot = int(self.pending.slots_of([label.id])[0])
            self.pending.hasten(slot, label.time + self.join.settle)

    def step(self, answers: Answers, labels: Labels, reached: Reached, bad: Mapping[str, int]) -> Step:
        """Take in the rows of a batch, answers first, then let go of what has waited long enough.

        `bad` counts the rows of either input that could not be used.
        """
        step = Step()
        for name, count in bad.items():
            step.counts.update({f"{name}_in": count, f"{name}_bad": count})
        waiting = self.held.release(self._admit(answers, step))
        step.counts["labels_in"] += len(labels.id_L)
        rows = one_after_the_other(labels_of(waiting), labels) if waiting else labels
        if len(rows.id_L):
            resolve = self._resolve_first if self.join.conflict == "earliest" else self._resolve_settling
            resolve(rows, len(waiting), step)
        self._advance(reached, step)
        return step

    def _admit(self, answers: Answers, step: Step) -> list[bytes]:
        """Hold new answers that are predictions; end the others. Returns the ids of both."""
        new: dict[bytes, int] = {}
        for row, id_ in enumerate(answers.ids):
            if id_ in new or id_ in self.pending or self.finished.get(id_, self.position.labels.reached):
                step.duplicates.append(row)
            else:
                new[id_] = row
        step.counts["answers_in"] += len(answers.ids)
        step.counts["answers_duplicate"] += len(step.duplicates)
        row_N = np.fromiter(new.values(), np.intp, len(new))
        held_N = row_N[answers.predicted_A[row_N]]
        held = [answers.ids[row] for row in held_N.tolist()]
        answer_N = answers.answer_A[held_N]
        step.admitted.append(answer_N)
        self.pending.add(held, answer_N, answer_N["request_time"] + self.join.wait)
        step.answer_puts.update(
            zip(answer_N["offset"].tolist(), [answers.wire[r] for r in held_N.tolist()], strict=True)
        )
        self._end_unpredicted(answers, row_N[~answers.predicted_A[row_N]], step)
        return list(new)

    def _end_unpredicted(self, answers: Answers, row_N: NDArray[np.intp], step: Step) -> None:
        ids = [answers.ids[row] for row in row_N.tolist()]
        self._end(ids, answers.answer_A[row_N]["request_time"], NO_PREDICTION, np.full(len(ids), np.nan), step)
        step.endings.update((id_, Ending(NO_PREDICTION, np.nan)) for id_ in ids)
        step.counts["answers_no_prediction"] += len(ids)

    def _resolve_first(self, rows: Labels, released: int, step: Step) -> None:
        """Join each answer to the first label in time; all rows at once, the few others one by one."""
        ids = rows.id_L.tolist()
        slot_L = self.pending.slots_of(ids)
        after_L = rows.time_L - self.pending.request_times(slot_L)
        timing_L = timing(after_L, self.join)
        fits_L = (slot_L >= 0) & (timing_L == IN_TIME) & (rows.before_L < self.pending.deadlines(slot_L))
        fit_N = np.flatnonzero(fits_L)
        first_N = fit_N[np.unique(slot_L[fit_N], return_index=True)[1]]
        first_N.sort()
        if len(first_N) < len(ids):
            self._resolve_others(rows, slot_L, after_L, first_N, released, step)
        self._join(rows, first_N, slot_L[first_N], released, step)

    def _resolve_others(
        self,
        rows: Labels,
        slot_L: NDArray[np.intp],
        after_L: NDArray[np.float64],
        first_N: NDArray[np.intp],
        released: int,
        step: Step,
    ) -> None:
        first_of = dict(zip(slot_L[first_N].tolist(), first_N.tolist(), strict=True))
        others_L = np.ones(len(slot_L), np.bool_)
        others_L[first_N] = False
        for row in np.flatnonzero(others_L).tolist():
            label, slot = rows.row(row), int(slot_L[row])
            first = first_of.get(slot, row) if slot >= 0 else row
            if slot < 0:
                self._stray(label, row < released, step)
            elif first < row:
                self._bury(label, stray.repeated(label, float(rows.value_L[first])), row < released, step)
            else:
                self._bury(label, stray.untimely(label, float(after_L[row]), self.join), row < released, step)

    def _join(self, rows: Labels, row_N: NDArray[np.intp], slot_N: NDArray[np.intp], released: int, step: Step) -> None:
        if not len(row_N):
            return
        for row in row_N[row_N < released].tolist():
            step.drop_label(int(rows.offset_L[row]))
        answer_N, label_N = self.pending.answers(slot_N), rows.value_L[row_N]
        step.joined.append(Joined.observed(rows, row_N, answer_N))
        step.counts["labels_joined"] += len(row_N)
        step.counts["answers_joined"] += len(row_N)
        self._let_go(slot_N, rows.id_L[row_N].tolist(), answer_N, JOINED, label_N, step)

    def _resolve_settling(self, rows: Labels, released: int, step: Step) -> None:
        """Gather labels beside their answers until they have settled, one by one: what is believed depends on all."""
        for row in range(len(rows.id_L)):
            label = rows.row(row)
            slot_1 = self.pending.slots_of([label.id])
            if slot_1[0] >= 0 and label.before >= self.pending.deadlines(slot_1)[0] and label.id in self.held:
                self._settle(slot_1, step)
                slot_1[0] = -1
            if slot_1[0] < 0:
                self._stray(label, row < released, step)
                continue
            after = label.time - float(self.pending.request_times(slot_1)[0])
            open_ = label.before < self.pending.deadlines(slot_1)[0]
            if open_ and timing(np.array([after]), self.join)[0] == IN_TIME:
                self._hold(label, row < released, step)
                self.pending.hasten(int(slot_1[0]), label.time + self.join.settle)
            else:
                self._bury(label, stray.untimely(label, after, self.join), row < released, step)

    def _settle(self, slot_1: NDArray[np.intp], step: Step) -> None:
        """Join an answer to the label that is believed; the others are dead letters."""
        labels = self.held.release(self.pending.ids(slot_1))
        chosen = believed(labels, self.join.conflict)
        self._join(labels_of([chosen]), np.array([0]), slot_1, 1, step)
        step.endings[chosen.id] = Ending(JOINED, chosen.value)
        for label in labels:
            if label is not chosen:
                self._bury(label, stray.repeated(label, chosen.value), True, step)

    def _stray(self, label: HeldLabel, released: bool, step: Step) -> None:
        """Deal with a label whose answer is not pending: by how that ended, or hold it."""
        ending = step.endings.get(label.id) or self.finished.get(label.id, label.before)
        if ending is None:
            self._hold(label, released, step)
        else:
            self._bury(label, stray.after_the_end(label, ending), released, step)

    def _hold(self, label: HeldLabel, released: bool, step: Step) -> None:
        self.held.hold(label)
        if not released:
            step.label_puts[label.offset] = label

    def _bury(self, label: HeldLabel, cause: tuple[str, str], released: bool, step: Step) -> None:
        step.send(label, *cause)
        if released:
            step.drop_label(label.offset)

    def _advance(self, reached: Reached, step: Step) -> None:
        """Move the watermarks on, let go of what they have passed, and close the books of this step."""
        position = self.position
        step.moved = (position.predictions, position.labels) != (reached.predictions, reached.labels)
        position.predictions, position.labels = reached.predictions, reached.labels
        labels_time, predictions_time = reached.labels.reached, reached.predictions.reached
        if reached.labels_idle:
            labels_time = max(labels_time, reached.predictions.reached)
        if reached.predictions_idle:
            predictions_time = max(predictions_time, reached.labels.reached)
        self._time_out(labels_time, step)
        for label in self.held.release_older(predictions_time - self.join.early - self.join.wait, self.pending):
            self._bury(label, stray.unknown(label), True, step)
        step.forgotten = self.finished.forget(position.labels.reached)
        block = step.seal(position.steps)
        if block:
            self.finished.add(block)
        step.counts = +step.counts
        position.counts.update(step.counts)
        position.steps += step.changed

    def _time_out(self, labels_time: float, step: Step) -> None:
        slot_N = self.pending.due(labels_time)
        ids = self.pending.ids(slot_N)
        settled = [slot for slot, id_ in zip(slot_N.tolist(), ids, strict=True) if id_ in self.held]
        for slot in settled:
            self._settle(np.array([slot]), step)
        slot_N = slot_N[~np.isin(slot_N, settled)]
        if not len(slot_N):
            return
        ids, answer_N, default = self.pending.ids(slot_N), self.pending.answers(slot_N), self.join.default
        if default is not None:
            step.joined.append(Joined.defaulted(ids, answer_N, answer_N["request_time"] + self.join.wait, default))
        step.counts["answers_timed_out" if default is None else "answers_defaulted"] += len(ids)
        self._let_go(slot_N, ids, answer_N, TIMED_OUT, np.full(len(ids), np.nan), step)

    def _let_go(
        self,
        slot_N: NDArray[np.intp],
        ids: list[bytes],
        answer_N: NDArray[np.void],
        outcome: int,
        label_N: NDArray[np.float64],
        step: Step,
    ) -> None:
        self.pending.remove(slot_N)
        step.drop_answers(answer_N["offset"])
        self._end(ids, answer_N["request_time"], outcome, label_N, step)

    def _end(
        self, ids: list[bytes], time_N: NDArray[np.float64], outcome: int, label_N: NDArray[np.float64], step: Step
    ) -> None:
        step.end(ids, time_N + self.join.wait + self.join.remember, outcome, label_N)
