"""The predictor's read of windows beside a raw MGET of the same keys, in the same rounds, on a Redis of its own.

python -m benchmarks.feature_read [--rounds 9] [--rows 256] [--feast .venv-feast/bin/python] [--json]

The raw MGET gets its keys ready-made and hands back bytes. The read builds the keys from decoded requests, fetches, and
ends in a matrix of float32 as of each request's time; it keeps what it read for the time when Redis is away.
With an environment that has Feast, its online read of as many entities, ten numbers each, takes turns with both.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import redis
import yaml
from numpy.typing import NDArray

from adapters.feature_store_redis import RedisFeatureStore
from adapters.local_stack.ports import choose_port
from adapters.local_stack.redis_server import find_redis, redis_serves, settings_text
from adapters.redis_client import connect
from benchmarks.end_to_end.case_predictor import ENTITIES, NOON, PANE_MS, SNAPSHOTS, document
from benchmarks.end_to_end.figures import spread, text_of
from benchmarks.end_to_end.machine import load
from benchmarks.publishing import publish, surroundings
from schemas.contracts import Contracts, contracts_of
from schemas.feature_format import pack, pack_watermark, windows_fingerprint
from schemas.feature_read import feature_query
from schemas.pipeline_file import parse_pipeline
from schemas.redis_keys import feature_keys, watermark_key
from services.predictor.window_reader import WindowReader

NAME, BATCHES, SEED = "feature-read", 40, 5
RIVAL = Path(__file__).parent / "rivals" / "with_feast.py"
TITLES = {"read": "**read of the predictor**", "raw_mget": "raw MGET", "feast": "Feast, online read of ten numbers"}
COLUMNS = ["", "microseconds a batch", "times the raw MGET (aim 1.3)"]
ABOUT = """\
{rows} requests of two entities each: {keys} keys, {kib:.0f} KiB. The raw MGET gets its keys ready-made and hands back
bytes; the read goes from decoded requests to a matrix of numbers as of each request's time. They take turns at each
batch, {rounds} rounds. `python -m benchmarks.feature_read` repeats it."""

Columns = dict[str, NDArray[Any]]


@contextmanager
def own_redis() -> Iterator[redis.Redis]:
    """Start a server on a free port, with nothing in it, and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="anabranch-read-") as home:
        folder, port = Path(home), choose_port(0)
        settings = folder / "redis.conf"
        settings.write_text(settings_text(folder, port), encoding="utf-8")
        server = subprocess.Popen([find_redis(os.environ).path, settings], stdout=subprocess.DEVNULL)
        try:
            while not redis_serves(port):
                time.sleep(0.01)
            with closing(connect(f"redis://127.0.0.1:{port}/0")) as client:
                yield client
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()


def names_of(entities: int) -> NDArray[np.bytes_]:
    """Keys of the entities, the same for each kind."""
    return np.array([b"entity%08d" % i for i in range(entities)])


def fill(contracts: Contracts, store: RedisFeatureStore) -> None:
    """Give every entity of each kind its snapshots, and every partition its watermark."""
    pipeline, layout = contracts.pipeline, contracts.layout
    fingerprint, names = windows_fingerprint(pipeline, layout), names_of(ENTITIES)
    times = np.tile(NOON - PANE_MS * np.arange(SNAPSHOTS - 1, -1, -1), ENTITIES).astype(np.int64)
    for kind in layout.kinds:
        x_PC = np.random.default_rng(SEED).random((len(times), len(kind.columns)), np.float32)
        packed = pack(times, x_PC, np.full(ENTITIES, SNAPSHOTS), fingerprint)
        store.write(feature_keys(NAME, kind.name, names), packed)
    marks = [watermark_key(NAME, p) for p in range(pipeline.topics.partitions)]
    store.write(marks, [pack_watermark(NOON, fingerprint)] * len(marks))


def batches_of(contracts: Contracts, rows: int) -> list[Columns]:
    """Decoded requests of entities drawn at random: what the read needs of them."""
    rng, names = np.random.default_rng(SEED), names_of(ENTITIES)
    fields = sorted({f for kind in contracts.layout.kinds for f in kind.request_fields})
    return [
        {"request_time": np.full(rows, float(NOON))} | {f: names[rng.integers(0, ENTITIES, rows)] for f in fields}
        for _ in range(BATCHES)
    ]


def one_round(steps: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Median microseconds of each step over all batches; they take turns at each, so that they meet equal noise."""
    took = {name: np.empty(BATCHES) for name in steps}
    for i in range(BATCHES):
        for name, step in steps.items():
            begun = time.perf_counter()
            step(i)
            took[name][i] = (time.perf_counter() - begun) * 1e6
    return {name: float(np.median(t)) for name, t in took.items()}


@contextmanager
def feast(python: Path | None, client: redis.Redis, rows: int) -> Iterator[dict[str, Callable[[int], object]]]:
    """Offer Feast's read of the same Redis as a step; none without an environment."""
    if python is None:
        yield {}
        return
    port = client.get_connection_kwargs()["port"]
    command = [str(python), str(RIVAL), f"127.0.0.1:{port}", str(ENTITIES), str(rows)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert child.stdin is not None
    assert child.stdout is not None
    asked, told = child.stdin, child.stdout
    assert told.readline() == "ready\n", "Feast did not begin"

    def read(_: int) -> None:
        asked.write("\n")
        assert float(told.readline()) > 0

    read(0)  # its first read opens connections
    try:
        yield {"feast": read}
    finally:
        asked.close()
        child.wait()


def measure(rounds: int, rows: int, python: Path | None) -> dict[str, Any]:
    """Rounds of all, in turn; microseconds a batch, and the ratios within each round."""
    text = yaml.safe_dump({**document(), "pipeline": NAME}, sort_keys=False)
    contracts = contracts_of(parse_pipeline(text, "feature_read.yaml"))
    batches, pipeline, layout = batches_of(contracts, rows), contracts.pipeline, contracts.layout
    with own_redis() as client:
        store = RedisFeatureStore(client)
        fill(contracts, store)
        fingerprint = windows_fingerprint(pipeline, layout)
        keys = [feature_query(pipeline, layout, batch, fingerprint).keys for batch in batches]
        reader = WindowReader(pipeline, layout, store, lambda: time.monotonic() * 1000, lambda seconds: False)
        assert not any(reader.read(batch).read.stale_B.any() for batch in batches)
        steps: dict[str, Callable[[int], object]] = {
            "raw_mget": lambda i: client.mget(keys[i]),
            "read": lambda i: reader.read(batches[i]),
        }
        with feast(python, client, rows) as more:
            found = [one_round(steps | more) for _ in range(rounds)]
        size = float(np.mean([sum(len(v or b"") for v in store.read(k)) for k in keys]))
    beside = {f"{name}_over_raw_mget": spread([r[name] / r["raw_mget"] for r in found]) for name in [*more, "read"]}
    return {
        "rows": rows,
        "rounds": rounds,
        "keys": round(float(np.mean([len(k) for k in keys]))),
        "bytes": round(size),
        "us": {name: spread([r[name] for r in found]) for name in steps | more},
        **beside,
    }


def table(found: dict[str, Any]) -> dict[str, Any]:
    """What was found, as it stands on the page."""
    about = ABOUT.format(rows=found["rows"], keys=found["keys"], kib=found["bytes"] / 1024, rounds=found["rounds"])
    ratios = {name: found.get(f"{name}_over_raw_mget") for name in found["us"]}
    rows = [
        [TITLES[name], text_of(us), text_of(ratio, ".2f") if (ratio := ratios[name]) else ""]
        for name, us in found["us"].items()
    ]
    return {"title": "Read of windows", "about": about, "columns": COLUMNS, "rows": rows}


def main() -> None:
    """Measure, write the result, tell."""
    parser = argparse.ArgumentParser("python -m benchmarks.feature_read", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured (default 9)")
    parser.add_argument("--rows", type=int, default=256, help="requests in a batch (default 256)")
    parser.add_argument(
        "--feast", type=Path, help="the Python of an environment with Feast (`make bench-rivals` builds it)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON; else its rows")
    asked = parser.parse_args()
    before = load()
    found = measure(asked.rounds, asked.rows, asked.feast) | surroundings(before)
    found["table"] = table(found)
    publish("feature_read", found)
    print(json.dumps(found) if asked.json else "\n".join(" | ".join(row) for row in found["table"]["rows"]))


if __name__ == "__main__":
    main()
