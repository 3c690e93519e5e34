"""Reading topics while telling how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from adapters.whole_log import Spans, Stretch, WholeLog
from schemas.topics import Role
from services.verify.cut import Cut

Tell = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is, and how much there is; offsets."""


class Reading:
    """One run's reader of the topics of a cut.

    Parameters
    ----------
    log : WholeLog
    cut : Cut
    tell : callable
    """

    def __init__(self, log: WholeLog, cut: Cut, tell: Tell) -> None:
        self._log, self.cut, self._tell = log, cut, tell
        self.records = 0

    def spans(self, role: Role) -> Spans:
        """Ask again where a topic ends."""
        return self._log.spans(self.cut.topic(role))

    def topic(self, role: Role, spans: Spans | None = None, with_keys: bool = False) -> Iterator[Stretch]:
        """Read a topic up to the cut, or those offsets of it."""
        spans = self.cut.spans[role] if spans is None else spans
        whole, before = sum(span.end - span.first for span in spans.values()), 0
        reached = {p: span.first for p, span in spans.items()}
        for stretch in self._log.read(self.cut.topic(role), spans, with_keys):
            self.records += len(stretch)
            yield stretch
            for partition in np.unique(stretch.partition_B).tolist():
                reached[partition] = int(stretch.offset_B[stretch.partition_B == partition][-1]) + 1
            before = sum(reached.values()) - sum(span.first for span in spans.values())
            self._tell(role, before, whole)
        self._tell(role, whole, whole)
