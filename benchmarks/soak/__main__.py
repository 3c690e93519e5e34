"""``make soak``: a steady load for half an hour, and whether memory, latency, Redis and disk stay where they are."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from adapters.local_stack import StackAddresses
from adapters.local_stack.state import load_state
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import CLONE, save, surroundings
from benchmarks.servers import own_servers
from benchmarks.soak.load import Listener, Load
from benchmarks.soak.page import page, save_plot
from benchmarks.soak.pipeline import PIPELINE
from benchmarks.soak.report import report_of, told
from benchmarks.soak.samples import Sample, Sampler
from schemas.pipeline_file import parse_pipeline
from services.cli.session import Session

EXAMPLE = 'example: make soak ARGS="--minutes 30 --rate 2000"'
PROCESSES = ("feature_windows", "label_join", "predictor", "learner", "drift_watch")
EVERY_S, SETTLED_WITHIN_S = 5.0, 60.0
WARM_UP_S = 1080.0
"""Until memory stands: panes, joins and retention have come round by then, and the allocators hold what they need."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, verify, write the report. Returns 5 if something did not stay within its bound."""
    asked = _parsed(arguments)
    length_s = asked.minutes * 60
    warm_up_s = min(WARM_UP_S, 0.6 * length_s)
    before = load()
    with own_servers("soak") as (home, addresses):
        report = _soak(home, addresses, asked, length_s, warm_up_s)
    report |= surroundings(before)
    save("soak", report, asked.out)
    docs = asked.out / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "soak.md").write_text(page(report), encoding="utf-8")
    save_plot(report, docs / "soak.png")
    print(json.dumps(report) if asked.json else told(report))
    return 0 if all(report["within_bounds"].values()) else 5


def _soak(home: Path, stack: StackAddresses, asked: argparse.Namespace, length_s: float, warm_s: float) -> Any:
    file = home / "soak.yaml"
    file.write_text(PIPELINE, encoding="utf-8")
    pipeline = parse_pipeline(PIPELINE, str(file))
    with Session(file, pipeline, home, stack, PROCESSES) as session:
        session.watcher.close()  # it keeps figures of its own, which are not to be measured here
        pids = {child.name: child.process.pid for child in session.supervisor.children}
        pids |= {name: server.process.pid for name, server in load_state(home).items()}
        sampler = Sampler(pipeline.pipeline, stack.bootstrap, stack.redis_url, home / "kafka" / "data", pids)
        listener, sending = Listener(session.contracts, stack.bootstrap), Load(session.contracts, stack.bootstrap, 0)
        sending.rate = asked.rate
        sending.start()
        try:
            samples = _watch(session, sampler, listener, sending, length_s, asked.json)
        finally:
            sending.end()
        _settle(session, listener, sending, sampler)
        listener.close()
        verified = _verify(file, home) if asked.verify else None
    return report_of(samples, sending, listener, asked.rate, warm_s, verified)


def _watch(
    session: Session, sampler: Sampler, listener: Listener, sending: Load, length_s: float, quiet: bool
) -> list[Sample]:
    samples: list[Sample] = []
    began_s = time.monotonic()
    with _bar(quiet) as bar:
        task = bar.add_task("soaking", total=length_s)
        while (at_s := time.monotonic() - began_s) < length_s:
            session.supervisor.check()
            if sending.failure is not None:
                break
            samples.append(sampler.look(at_s, listener.take()))
            bar.update(task, completed=at_s)
            time.sleep(max(0.0, EVERY_S - (time.monotonic() - began_s - at_s)))
    return samples


def _settle(session: Session, listener: Listener, sending: Load, sampler: Sampler) -> None:
    """Wait until all is answered, and what was answered is read."""
    until_s = time.monotonic() + SETTLED_WITHIN_S
    while listener.answers < sending.sent and time.monotonic() < until_s:
        session.supervisor.check()
        time.sleep(0.1)


def _verify(file: Path, home: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "services.cli", "verify", str(file), "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CLONE)
    return _verdict(json.loads(done.stdout)) if done.stdout else {"holds": False, "said": done.stderr[-2000:]}


def _verdict(found: dict[str, Any]) -> dict[str, Any]:
    equations = {e["name"]: e["holds"] for e in found["equations"]}
    return {"holds": found["holds"], "records": found["records"], "equations": equations}


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make soak", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--rate", type=float, default=2000.0, help="requests a second (default 2,000)")
    parser.add_argument("--out", type=Path, default=CLONE, help="where benchmarks/results/ and docs/ are written")
    parser.add_argument("--verify", action=argparse.BooleanOptionalAction, default=True, help="run verify at the end")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    return parser.parse_args(arguments)


@contextmanager
def _bar(quiet: bool) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty()) as bar:
        yield bar


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    sys.exit(main())
