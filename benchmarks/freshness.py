"""How long a label takes to reach the weights that answer: ``python -m benchmarks.freshness``.

From the moment at which Kafka has the label that makes a version due to the first answer from that version, in a loop
that runs at a steady rate with the default cadence of 2,048 examples.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from adapters.local_stack import StackAddresses
from adapters.tail import Tail
from benchmarks.__main__ import positive
from benchmarks.end_to_end.figures import spread, text_of
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import publish, surroundings
from benchmarks.servers import own_servers
from benchmarks.soak.load import Load
from benchmarks.soak.pipeline import PIPELINE
from schemas.contracts import Contracts
from schemas.pipeline_file import parse_pipeline
from schemas.pipeline_learning import Learner
from schemas.topics import Role, topic_name
from services.cli.session import Session

EXAMPLE = "example: python -m benchmarks.freshness --seconds 60"
CADENCE = int(Learner().cadence)
ABOUT = """\
From the moment at which Kafka has the label that makes a version due to the first answer from that version: joined,
learned, judged, published to Redis, loaded, tried out and swapped in, while the loop answers at a steady rate. The
cadence is the default one, {cadence:,} examples; `python -m benchmarks.freshness` repeats it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the result and the page."""
    parser = argparse.ArgumentParser("python -m benchmarks.freshness", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--seconds", type=positive, default=75, help="how long (default 75)")
    parser.add_argument("--rate", type=positive, default=2000, help="requests a second (default 2000)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(arguments)
    before = load()
    with own_servers() as (home, addresses):
        ms = _run(home, addresses, asked.seconds, asked.rate)
    result = {**surroundings(before), **_figures(ms, asked.rate)}
    publish("freshness", result)
    print(json.dumps(result) if asked.json else result["table"]["rows"])


def _run(home: Path, addresses: StackAddresses, seconds: int, rate: int) -> list[float]:
    """Milliseconds for each version but the first, which nothing was served before."""
    document = yaml.safe_load(PIPELINE)
    document["learner"] |= {"cadence": CADENCE}
    file = home / "freshness.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    pipeline = parse_pipeline(file.read_text(encoding="utf-8"), str(file))
    processes = ("feature_windows", "label_join", "predictor", "learner")
    with Session(file, pipeline, home, addresses, processes) as session:
        sending = Load(session.contracts, addresses.bootstrap, rate)
        sending.start()
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            session.supervisor.check()
            time.sleep(0.5)
        sending.end()
        return delays_ms(session.contracts, addresses.bootstrap)


def delays_ms(contracts: Contracts, bootstrap: str) -> list[float]:
    """Read from the topics when the last label of each version came, and when that version first answered."""
    labels = {offset: time_ms for _, offset, time_ms in _rows(contracts, bootstrap, "labels", "Label", ())}
    came = {
        o: labels[int(label)]
        for (label,), o, _ in _rows(contracts, bootstrap, "examples", "Example", ("label_offset",))
    }
    first: dict[int, float] = {}
    for (version, answered), _, _ in _rows(
        contracts, bootstrap, "predictions", "Prediction", ("version", "answered_at")
    ):
        first[int(version)] = min(answered, first.get(int(version), np.inf))
    versions = _rows(contracts, bootstrap, "versions", "Version", ("number", "last_offset"))
    served = [(first[int(number)], came[int(last)]) for (number, last), _, _ in versions if int(number) in first]
    return [answered - labelled for answered, labelled in served][1:]


def _rows(
    contracts: Contracts, bootstrap: str, role: Role, record: str, names: tuple[str, ...]
) -> list[tuple[tuple[float, ...], int, float]]:
    """Fields, offset and Kafka time of every record of partition 0."""
    found: list[tuple[tuple[float, ...], int, float]] = []
    with Tail(bootstrap, [topic_name(contracts.pipeline.pipeline, role)]) as tail:
        while not tail.is_at_end:
            for records in tail.read(timeout_s=0.5):
                part = contracts.decode(records.values, (record,)).part(record)
                if part is not None:
                    columns: list[NDArray[Any]] = [part.columns[name] for name in names]
                    fields = list(zip(*(c.tolist() for c in columns), strict=True)) or [()] * len(part.row_N)
                    times = records.timestamp_B[part.row_N].tolist()
                    found += list(zip(fields, records.offset_B[part.row_N].tolist(), times, strict=True))
    return found


def _figures(ms: Sequence[float], rate: int) -> dict[str, Any]:
    if not ms:
        raise ValueError("no version was served: give it more --seconds")
    found = spread(ms, 0)
    rows = [[f"{rate:,} requests a second", f"{len(ms)}", f"{text_of(found)} ms"]]
    columns = ["", "versions", "from label to the first answer with it"]
    table = {"title": "From a label to the weights that serve", "about": ABOUT.format(cadence=CADENCE)}
    return {"ms": found, "versions": len(ms), "table": {**table, "columns": columns, "rows": rows}}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    main()
