"""The baselines as a process: they follow the examples log from its beginning, and report side by side."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Final

from adapters.context import Context
from adapters.learner_ports import PartitionLog
from adapters.partition_log_kafka import KafkaPartitionLog
from models.determinism import make_deterministic
from schemas.examples import read_log
from schemas.topics import topic_name
from services.baselines.core import Contest

MOST_ROWS: Final = 256
"""Read at once: no more than this is ever between the log and the learners, however slow these are."""
FINISH_S: Final = 10.0
"""How long the rest may take once told to stop."""
_WAIT_S: Final = 0.1
_REPORT_S: Final = 1.0
_NICENESS: Final = 5


def report_file(home: Path, pipeline: str) -> Path:
    """Where the figures are written, as JSON."""
    return home / "run" / f"{pipeline}.baselines.json"


def run(context: Context) -> None:
    """Follow the log until told to stop; then score the rest, within a bound, and write the last figures.

    It keeps nothing: started again, it begins at the beginning of the log and comes to the same figures.

    Raises
    ------
    DependencyError
        Kafka fails.
    """
    make_deterministic()
    os.nice(_NICENESS)  # whoever serves goes first
    examples = topic_name(context.pipeline.pipeline, "examples")
    with closing(KafkaPartitionLog(context.bootstrap, examples, context.ordinal)) as log:
        log.seek(log.end().first)
        Following(context, log).run()


class Following:
    """A contest that follows a log.

    Parameters
    ----------
    context : Context
        Of the process.
    log : PartitionLog
        Stands where the contest is to begin.
    """

    def __init__(self, context: Context, log: PartitionLog) -> None:
        self._context, self._log = context, log
        self._contest = Contest(context.pipeline)
        self._due_s = 0.0

    def run(self) -> None:
        """Follow until told to stop, then finish within `FINISH_S`."""
        while not self._context.stop.is_set():
            self._turn()
            self._context.health.ready(self._log.is_at_end, "" if self._log.is_at_end else "reading what the log holds")
        deadline_s = monotonic() + FINISH_S
        while not self._log.is_at_end and monotonic() < deadline_s:
            self._turn()
        whole = self._log.is_at_end and self._work(self._contest.finish(), deadline_s)
        if not whole:
            self._context.log.warning("stopped before all examples were scored", waiting=self._contest.waiting)
        self._report(complete=whole)

    def _turn(self) -> None:
        records = self._log.read(MOST_ROWS, _WAIT_S)
        examples, _ = read_log(self._context.contracts, records)  # the learner tells of what is unfit
        self._context.metrics.count("rows_total", len(records.values), role="examples")
        self._work(self._contest.add(examples))
        if monotonic() >= self._due_s:
            self._due_s = monotonic() + _REPORT_S
            self._report(complete=False)

    def _work(self, steps: Iterable[None], deadline_s: float | None = None) -> bool:
        """Take the steps of the contest; False if the deadline came first."""
        for _ in steps:
            self._context.health.beat()
            if deadline_s is not None and monotonic() >= deadline_s:
                return False
        self._context.health.beat()
        return True

    def _report(self, complete: bool) -> None:
        figures = {**self._contest.figures(), "complete": complete, "at_end": self._log.is_at_end}
        for scorer, side in figures["scorers"].items():
            for score, value in side["mean"].items():
                if value is not None:
                    self._context.metrics.gauge("prequential_score", value, scorer=scorer, score=score)
        if figures["label_coverage"] is not None:
            self._context.metrics.gauge("label_coverage_ratio", figures["label_coverage"])
        for quantile, seconds in figures["label_delay_seconds"].items():
            if seconds is not None:
                self._context.metrics.gauge("label_delay_seconds", seconds, quantile=quantile)
        self._context.metrics.gauge("waiting_rows", self._contest.waiting)
        _write(report_file(self._context.home, self._context.pipeline.pipeline), json.dumps(figures))


def _write(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
