"""How long until the first answer: ``python -m benchmarks.start``.

From nothing running (servers installed, their data on disk) to the first answer of a pipeline with all its processes,
and from the `kill -9` of its predictor, started again at once, to the next answer.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from adapters.local_stack import StackAddresses
from adapters.publisher import Publisher
from adapters.tail import Tail
from benchmarks.__main__ import positive
from benchmarks.end_to_end.figures import spread, text_of
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import publish, surroundings
from benchmarks.servers import servers_in
from benchmarks.soak.pipeline import PIPELINE
from schemas.contracts import Contracts
from schemas.pipeline_file import parse_pipeline
from schemas.source import SourceEvent
from schemas.topics import topic_name
from services.cli.session import Session
from services.replay.events import encode_events

EXAMPLE = "example: python -m benchmarks.start --rounds 5"
PROCESSES = ("feature_windows", "label_join", "predictor", "learner", "drift_watch")
UP, BACK = "from `up` to the first answer", "from `kill -9` of the predictor to the next answer"
AIMS = {UP: 15, BACK: 10}
WITHIN_S = 120.0
ABOUT = """\
From nothing running (servers installed, data on disk) to the first answer of a pipeline with all five processes; and
from the `kill -9` of its predictor, started again at once, to the answer of a request sent at that moment.
`python -m benchmarks.start` repeats it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the result and the page."""
    parser = argparse.ArgumentParser("python -m benchmarks.start", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--rounds", type=positive, default=5, help="how often (default 5)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(arguments)
    before = load()
    with tempfile.TemporaryDirectory(prefix="anabranch-start-") as folder:
        with servers_in(Path(folder)):
            pass  # what is laid out on disk the first time is there from now on
        rounds = [_round(Path(folder), number) for number in range(asked.rounds)]
    seconds = {name: spread([found[name] for found in rounds], 1) for name in AIMS}
    rows = [[name, f"{text_of(seconds[name])} s", f"{aim} s"] for name, aim in AIMS.items()]
    table = {"title": "Start", "about": ABOUT, "columns": ["", "took", "aim"], "rows": rows}
    result = {**surroundings(before), "seconds": seconds, "table": table}
    publish("start", result)
    print(json.dumps(result) if asked.json else rows)


def _round(folder: Path, number: int) -> dict[str, float]:
    file = folder / "pipeline.yaml"
    file.write_text(PIPELINE.replace("pipeline: soak", f"pipeline: start-{number}"), encoding="utf-8")
    begun_s = time.monotonic()
    with servers_in(folder) as addresses:
        pipeline = parse_pipeline(file.read_text(encoding="utf-8"), str(file))
        with Session(file, pipeline, folder / f"home-{number}", addresses, PROCESSES) as session:
            _answered(session.contracts, addresses, "first")
            up_s, killed_s = time.monotonic() - begun_s, time.monotonic()
            session.supervisor.kill("predictor")
            session.start("predictor")
            _answered(session.contracts, addresses, "second")
            return {UP: up_s, BACK: time.monotonic() - killed_s}


def _answered(contracts: Contracts, addresses: StackAddresses, request: str) -> None:
    """Send a request and wait for its answer."""
    topic = topic_name(contracts.pipeline.pipeline, "predictions")
    event = SourceEvent(int(time.time() * 1000), "request", "request", request, {"user": "u1", "a": 1.0, "b": 2.0})
    with Tail(addresses.bootstrap, [topic]) as tail:
        publisher = Publisher(addresses.bootstrap)
        for message in encode_events(contracts, [event]):
            publisher.send(message.topic, message.key, message.value)
        publisher.flush()
        until_s = time.monotonic() + WITHIN_S
        while time.monotonic() < until_s:
            for records in tail.read(timeout_s=0.05):
                part = contracts.decode(records.values, ("Prediction",)).part("Prediction")
                if part is not None and request.encode() in part.columns["request_id"].tolist():
                    return
    raise AssertionError(f"no answer within {WITHIN_S:.0f} s")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    main()
