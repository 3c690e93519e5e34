"""Where the log is cut, so that a loop that runs on can be checked to the unit.

Whatever a process has read below its committed offsets, it has dealt with in the same transaction. So the committed
offsets are asked for first: they say what must be accounted for. Then the state of the join, then what the processes
wrote, and last what they read, are taken up to where they end, one after the other, and read until no transaction
among them is open. Each record is then found downstream of the offsets that promise it. What is found downstream of
records beyond these offsets came since, and is told apart by its offsets, or its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.whole_log import Span, Spans, WholeLog
from schemas.topics import Role, topic_name

GROUPS: Final[tuple[tuple[str, Role], ...]] = (
    ("predictor", "requests"),
    ("label_join", "predictions"),
    ("label_join", "labels"),
    ("feature_windows.fan_out", "features"),
    ("feature_windows.windows", "panes"),
    ("learner", "examples"),
)
ORDER: Final[tuple[Role, ...]] = (
    "versions",
    "join-changelog",
    "examples",
    "dead-letters",
    "predictions",
    "panes",
    "labels",
    "features",
    "requests",
)
"""Downstream before upstream: what a record was made from is then always within the cut too."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is looked at.

    Attributes
    ----------
    pipeline : str
    read : mapping of Role to mapping of int to int
        How far the reader of each topic had come, by partition, when it was asked first.
    spans : mapping of Role to Spans
        Offsets of each topic.
    """

    pipeline: str
    read: Mapping[Role, Mapping[int, int]]
    spans: Mapping[Role, Spans]

    def topic(self, role: Role) -> str:
        """Full name of a topic."""
        return topic_name(self.pipeline, role)

    def below(self, role: Role) -> dict[int, Span]:
        """Offsets that were read when the cut was made."""
        read, spans = self.read[role], self.spans[role]
        return {p: Span(s.first, min(s.end, max(s.first, read.get(p, 0)))) for p, s in spans.items()}

    def above(self, role: Role) -> dict[int, Span]:
        """Offsets that were not yet."""
        below, spans = self.below(role), self.spans[role]
        return {p: Span(below[p].end, s.end) for p, s in spans.items()}

    def beheaded(self, *roles: Role) -> tuple[Role, ...]:
        """Those topics of which retention has removed the beginning."""
        return tuple(r for r in roles if any(span.first for span in self.spans[r].values()))

    @property
    def records(self) -> int:
        """Offsets to be read, with those that hold no record."""
        return sum(span.end - span.first for spans in self.spans.values() for span in spans.values())


def cut_of(pipeline: str, log: WholeLog) -> Cut:
    """Cut the log as it stands now. Blocks for some round trips."""
    read = {role: log.committed(f"{pipeline}.{group}", topic_name(pipeline, role)) for group, role in GROUPS}
    return Cut(pipeline, read, {role: log.spans(topic_name(pipeline, role)) for role in ORDER})
