"""The drift watch as a process: its core in a Faust agent over the sketches, with a table that has a changelog.

Windows are closed by the core, by the event time that the sketches carry. Faust's own windowed tables close by the wall
clock, against one mark for all partitions (``faust/tables/base.py``), so a replay would close every window at once.
"""

from __future__ import annotations

from adapters.context import Context
from adapters.faust_worker import run_table_worker
from schemas.topics import topic_name
from stream_jobs.drift_watch.core import PROCESS, DriftWatch


def run(context: Context) -> None:
    """Watch until ``context.stop`` is set. Blocks."""
    name = context.pipeline.pipeline
    watch = DriftWatch(context.contracts)
    run_table_worker(context, f"{name}.{PROCESS}", topic_name(name, "sketches"), "windows", watch.handle)
