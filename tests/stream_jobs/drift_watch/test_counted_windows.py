"""Windows by count on a real broker: killed in the midst of one, the watch loses none and repeats none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from adapters.local_stack import StackAddresses
from adapters.topics_admin import apply_topics, list_topics
from schemas.contracts import Contracts, contracts_of
from schemas.records import Records
from stream_jobs.drift_watch.core import DriftWatch
from tests.kafka_topics import committed_rows
from tests.models.drift.pipelines import small_pipeline
from tests.process_thread import PATIENCE_S
from tests.stream_jobs.drift_watch.test_job import wait_for, watching, write
from tests.stream_jobs.drift_watch.traffic import ROWS, drifts, sketches

NAME, PANES_OF_A_WINDOW = "counted", 3
MOVED, BACK, END = 18, 36, 54
"""Panes: sizes are in the upper half from the one to the other; those of six windows."""
NEVER = 999
Table = dict[bytes, bytes]


def counted() -> Contracts:
    rule = {"type": "expect_column_values_to_be_between", "column": "size", "max_value": 4, "mostly": 0.9}
    # 500 rows are reached with the third pane of 200.
    drift = {"window": 100, "reference": 2, "minimum": 20, "bins": 4, "rows": 500, "expectations": [rule]}
    return contracts_of(small_pipeline(pipeline=NAME, topics={"partitions": 2}, drift=drift))


def stream(contracts: Contracts) -> list[bytes]:
    """Sketches of two partitions, pane after pane."""
    calm, moved = (sketches(contracts, range(END), moved=since) for since in (NEVER, 0))
    return [*calm[: 2 * MOVED], *moved[2 * MOVED : 2 * BACK], *calm[2 * BACK :]]


def record(contracts: Contracts, value: bytes) -> Records:
    zero_B = np.zeros(1, np.int64)
    topic = f"{contracts.pipeline.pipeline}.sketches.v1"
    return Records(topic, zero_B.astype(np.int32), zero_B, zero_B, [b"predictions"], [value], [()])


def folded(contracts: Contracts, values: Sequence[bytes]) -> tuple[Table, list[bytes | None]]:
    """What the core makes of sketches, undisturbed: its table, and its reports."""
    watch, table, reports = DriftWatch(contracts), Table(), list[bytes | None]()
    for value in values:
        answer = watch.handle(record(contracts, value), table, 0.0)
        reports += [report for out in answer.records for report in out.values]
        table = {k: v for k, v in {**table, **answer.writes}.items() if v is not None}
    return table, reports


def source(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(table.get(f"{NAME}|predictions".encode(), b"{}"))
    return found


def settled(table: Table) -> dict[bytes, Any]:
    """The table once what is done with is deleted."""
    gone = {f"{NAME}|predictions|{name}".encode() for name in source(table).get("forgotten", ())}
    whole = {k: json.loads(v) for k, v in table.items() if k not in gone}
    return {k: v | {"forgotten": []} if "forgotten" in v else v for k, v in whole.items()}


def changelog(bootstrap: str) -> Table:
    """The table as the broker has it; empty until Faust has made its topic, which a reader would make before it."""
    topic = f"{NAME}.drift_watch-windows-changelog"
    rows = committed_rows(bootstrap, topic, 1) if topic in list_topics(bootstrap, NAME) else []
    return {k: v for k, v in dict(rows).items() if k is not None and v is not None}


def reported(bootstrap: str) -> list[bytes | None]:
    return [value for _, value in committed_rows(bootstrap, f"{NAME}.drift.v1", 1)]


@contextmanager
def killed_at_the_end(file: Path, stack: StackAddresses, home: Path) -> Iterator[None]:
    """A drift watch as a process, which ends by kill -9."""
    command = [sys.executable, "-m", "services.cli", "run", "drift_watch", "--pipeline", str(file)]
    where = ["--home", str(home), "--bootstrap", stack.bootstrap, "--redis", stack.redis_url, "--http-port", "0"]
    process = subprocess.Popen([*command, *where])
    try:
        yield
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def test_killed_in_the_midst_of_windows_it_loses_none_and_repeats_none(stack: StackAddresses, tmp_path: Path) -> None:
    contracts, file = counted(), tmp_path / "counted.yaml"
    apply_topics(contracts.pipeline, stack.bootstrap)
    document = contracts.pipeline.model_dump(mode="json", exclude_none=True)
    file.write_text(yaml.safe_dump(document, sort_keys=False))  # the order of fields is that of the columns
    values = stream(contracts)
    table, reports = folded(contracts, values)

    first = values[: 2 * (3 * PANES_OF_A_WINDOW + 2)]
    gathered, _ = folded(contracts, first)
    assert source(gathered)["gathering"] is not None  # a window is begun, and not full
    with killed_at_the_end(file, stack, tmp_path):
        write(contracts, stack.bootstrap, first)
        wait_for(lambda: settled(changelog(stack.bootstrap)) == settled(gathered), "half a window is gathered")
    rest = values[len(first) : 2 * (BACK + 2)]
    with killed_at_the_end(file, stack, tmp_path):
        write(contracts, stack.bootstrap, rest)
        wait_for(lambda: bool(reported(stack.bootstrap)), "a drift is reported, others are not yet")
    write(contracts, stack.bootstrap, values[len(first) + len(rest) :])
    with watching(contracts, stack, tmp_path):
        end = source(table)["watermarks"]
        wait_for(lambda: source(changelog(stack.bootstrap)).get("watermarks") == end, "all is read")

    assert settled(changelog(stack.bootstrap)) == settled(table)
    assert list(dict.fromkeys(reported(stack.bootstrap))) == reports
    closed = [drift for drift in drifts(contracts, reports) if drift["state"] == b"closed"]
    told = {drift["kind"]: (drift["since"], drift["until"], drift["windows"]) for drift in closed}
    assert told[b"expectation"] == (MOVED * 100.0, BACK * 100.0, (BACK - MOVED) // PANES_OF_A_WINDOW)
    assert b"covariate" in told
    assert all(drift["rows"] == PANES_OF_A_WINDOW * ROWS for drift in closed)
