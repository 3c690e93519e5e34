"""Reading letters in order, up to where the topic ended when we began: a replay never meets letters that it causes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from adapters.dlq_ports import LetterLog
from adapters.learner_ports import LogEnd
from schemas.contracts import Contracts
from schemas.records import Records
from services.dlq.core_select import Selection
from services.dlq.letter import Letters
from services.dlq.replay_index import ReplayIndex

Tell = Callable[[str, int, int], None]
"""Is told what is being done, and how many offsets of how many."""
RECORDS = ("DeadLetter", "Replayed")


class LetterReader:
    """Reads the letters of one pipeline as they are when it is made. Every method blocks and may raise DependencyError.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    log : LetterLog
        Its dead letters.
    tell : callable
        See `Tell`.

    Attributes
    ----------
    unreadable : int
        Records that were neither letter nor mark, in what was last read by `letters`.
    """

    def __init__(self, contracts: Contracts, log: LetterLog, tell: Tell) -> None:
        self._contracts, self._log, self._tell = contracts, log, tell
        self._bounds = log.bounds()
        self._index: ReplayIndex | None = None
        self.unreadable = 0

    def letters(self, selection: Selection, doing: str = "Reading letters") -> Iterator[Letters]:
        """Read the chosen letters, some at a time; `doing` is what is told."""
        spans = selection.spans(self._bounds)
        index = self._replays(spans)
        self.unreadable = 0
        for partition, records in self._scan(doing, spans):
            decoded = self._contracts.decode(records.values, RECORDS)
            self.unreadable += len(decoded.faults)
            part = decoded.part("DeadLetter")
            if part is not None:
                offset_N = records.offset_B[part.row_N]
                found = Letters(partition, offset_N, part.columns, index.times(partition, offset_N))
                yield found.rows(selection.chosen(found))

    def _replays(self, spans: Mapping[int, LogEnd]) -> ReplayIndex:
        """Read the marks, once: those of a letter stand behind it, in its partition."""
        if self._index is None:
            self._index = ReplayIndex()
            behind = {p: LogEnd(span.first, self._bounds[p].next) for p, span in spans.items()}
            for partition, records in self._scan("Looking for replays", behind):
                part = self._contracts.decode(records.values, ("Replayed",)).part("Replayed")
                if part is not None:
                    c, offset_N = part.columns, records.offset_B[part.row_N]
                    true_N = (c["letter_partition"] == partition) & (c["letter_offset"] < offset_N)
                    self._index.add(part.rows(true_N).columns)
        return self._index

    def _scan(self, doing: str, spans: Mapping[int, LogEnd]) -> Iterator[tuple[int, Records]]:
        total = sum(max(0, span.next - span.first) for span in spans.values())
        before = 0
        for partition, span in spans.items():
            for records in self._log.read(partition, span):
                self._tell(doing, before + int(records.offset_B[-1]) + 1 - span.first, total)
                yield partition, records
            before += max(0, span.next - span.first)
