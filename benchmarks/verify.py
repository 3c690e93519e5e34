"""Records a second of `anabranch verify`, and its memory, beside a bare consume of the same topics.

``python -m benchmarks.verify --rows 200000``: a log of so many requests, answered, labelled, joined, with as many
feature events; about seven records each. Each run is a process of its own; rounds are interleaved.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from adapters.model_store_memory import MemoryModelStore
from adapters.topics_admin import apply_topics
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import publish, surroundings
from benchmarks.servers import own_servers
from schemas.topics import topic_name
from services.cli.pipeline_reading import read_contracts
from services.verify.cut import ORDER
from services.verify.main import verify

KIB_IN_MIB = 1024
COLUMNS = ["", "a second", "of the bare consume", "processor time of each", "most memory"]
ABOUT = (
    "`anabranch verify` over a log of {:,} records in nine topics, without learning again, beside a consumer that "
    "reads the same topics and looks at nothing; each run is a process of its own. "
    "`python -m benchmarks.verify` repeats it."
)


def main() -> None:
    """Fill, measure, print; with ``--out`` write the result."""
    parser = argparse.ArgumentParser("python -m benchmarks.verify", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="requests in the log (default 200,000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--out", action="store_true", help="write the result and the page of benchmarks")
    parser.add_argument("--measure", choices=("verify", "consume"), help=argparse.SUPPRESS)
    parser.add_argument("--bootstrap", help=argparse.SUPPRESS)
    parser.add_argument("--pipeline", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(_measured(asked.measure, asked.pipeline, asked.bootstrap)))
        return
    from benchmarks.verify_log import pipeline_text, write_log  # brings torch, which a measured process must do without

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    with own_servers() as (home, addresses):
        file = home / "pipeline.yaml"
        file.write_text(pipeline_text(), encoding="utf-8")
        contracts = read_contracts(file)
        apply_topics(contracts.pipeline, addresses.bootstrap)
        records = write_log(contracts, addresses.bootstrap, asked.rows)
        before = load()
        runs: dict[str, list[dict[str, float]]] = {"consume": [], "verify": []}
        for _ in range(asked.rounds):
            for what, found in runs.items():
                found.append(_run(what, file, addresses.bootstrap))
    _tell(records, runs, surroundings(before), asked.out)


def _tell(records: int, runs: dict[str, list[dict[str, float]]], around: dict[str, Any], write: bool) -> None:
    ratios = [v["rate"] / c["rate"] for v, c in zip(runs["verify"], runs["consume"], strict=True)]
    rows = [[title, *_figures(runs[what])] for what, title in (("verify", "**verify**"), ("consume", "bare consume"))]
    rows[0][2] = f"{median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})"
    for row in rows:
        print(" | ".join(row))
    if write:
        table = {"title": "Verify", "about": ABOUT.format(records), "columns": COLUMNS, "rows": rows}
        publish("verify", {"records": records, "runs": runs, "table": table, **around})


def _figures(found: list[dict[str, float]]) -> list[str]:
    rates, cpu = [r["rate"] for r in found], median(r["cpu_s"] / r["records"] for r in found) * 1e6
    rate = f"{median(rates):,.0f} ({min(rates):,.0f} … {max(rates):,.0f}) records"
    return [rate, "", f"{cpu:.1f} µs", f"{max(r['peak_mib'] for r in found):.0f} MiB"]


def _run(what: str, file: Path, bootstrap: str) -> dict[str, float]:
    options = ["--measure", what, "--pipeline", str(file), "--bootstrap", bootstrap]
    command = [sys.executable, "-m", "benchmarks.verify", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measured(what: str, file: Path, bootstrap: str) -> dict[str, float]:
    contracts = read_contracts(file)
    idle, begun_s = time.process_time(), time.perf_counter()
    if what == "verify":
        report = verify(contracts, bootstrap, MemoryModelStore(), None)
        if not report.holds:
            raise ValueError(str(report))
        records = report.records
    else:
        records = sum(_consume(bootstrap, topic_name(contracts.pipeline.pipeline, role)) for role in ORDER)
    taken_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - idle
    return {"rate": records / taken_s, "records": records, "cpu_s": cpu_s, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    """Most memory that this process has held; `ru_maxrss` would count what its parent held at the fork."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) / KIB_IN_MIB


def _consume(bootstrap: str, topic: str) -> int:
    """Read a topic to its end, look at nothing."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "bare", "fetch.queue.backoff.ms": 5}
    consumer = Consumer({**settings, "enable.auto.commit": False, "enable.partition.eof": True})
    partitions = sorted(consumer.list_topics(topic, 10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    read, ended = 0, 0
    while ended < len(partitions):
        messages = consumer.consume(10_000, 0.05)
        ends = sum(m.error() is not None for m in messages)  # compaction may have taken the last record of a topic
        read, ended = read + len(messages) - ends, ended + ends
    consumer.close()
    return read


if __name__ == "__main__":
    main()
