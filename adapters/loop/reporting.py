"""Counting what a loop does."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.context import Context
from adapters.loop.work import Work
from adapters.ports import Outgoing, Records
from schemas.metrics import labelled


def role_of(topic: str) -> str:
    """Role of a topic: a closed set, fit for a label.

    Examples
    --------
    >>> role_of("flights.dead-letters.v1")
    'dead-letters'
    """
    parts = topic.split(".")
    return parts[-2] if len(parts) > 2 else topic


class Reporter:
    """Metrics of a loop's batches and transactions."""

    def __init__(self, context: Context) -> None:
        self._metrics = context.metrics

    def processed(self, records: tuple[Records, ...], seconds: float) -> None:
        """Count a batch that the job has answered; ticks are not counted."""
        if records:
            self._metrics.count("batches_total")
            self._metrics.observe("batch_rows", float(sum(len(r.values) for r in records)))
            self._metrics.observe("process_seconds", seconds)

    def paused(self) -> None:
        """Count that commits have fallen behind."""
        self._metrics.count("pauses_total")

    def committed(self, work: Work, seconds: float) -> None:
        """Count what has become final."""
        for topic, rows in work.rows.items():
            self._metrics.count("rows_total", rows, role=role_of(topic))
        for role, rows in _rows_by_role(work.records).items():
            self._metrics.count("written_rows_total", rows, role=role)
        self._metrics.observe("transaction_rows", float(work.size))
        self._metrics.observe("transaction_seconds", seconds)
        for key, value in work.counts.items():
            name, labels = labelled(key)
            self._metrics.count(name, value, **labels)
        for key, value in work.gauges.items():
            name, labels = labelled(key)
            self._metrics.gauge(name, value, **labels)


def _rows_by_role(records: Iterable[Outgoing]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for out in records:
        role = role_of(out.topic)
        rows[role] = rows.get(role, 0) + len(out.values)
    return rows
