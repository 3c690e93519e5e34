"""``python -m benchmarks.scaling``: the predictor's cost of an answer over partitions and over entities in Redis."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.local_stack import StackAddresses
from adapters.redis_client import connect
from adapters.topics_admin import apply_topics
from benchmarks.__main__ import bar_of, positive
from benchmarks.end_to_end.case import Load, ground_of
from benchmarks.end_to_end.case_predictor import CASE, ENTITIES, check, document, fill_stores, requests
from benchmarks.end_to_end.figures import Spread, spread, text_of
from benchmarks.end_to_end.machine import load
from benchmarks.end_to_end.rounds import Speed, process_speed
from benchmarks.end_to_end.topics import fill
from benchmarks.publishing import publish, surroundings
from benchmarks.servers import own_servers
from schemas.topics import topic_name

EXAMPLE = "example: python -m benchmarks.scaling --rounds 5"
WITHIN_S = 120.0
COLUMNS = ["partitions", "entities", "requests a second", "processor time of each, µs", "of the first row's", "Redis"]
ABOUT = """\
One predictor (exactly once, as above) over partitions of one topic, and over entities whose windows are in Redis.
Processor time is that of all its threads, so it hardly depends on what else the machine does; ratios are taken within
a round. The last column is what an entity takes in Redis: its two values of four snapshots, keys and overhead."""


@dataclass(frozen=True, slots=True)
class Size:
    """One row of the table."""

    partitions: int
    entities: int

    def __str__(self) -> str:
        return f"p{self.partitions}-e{self.entities}"


SIZES = (Size(1, ENTITIES), Size(4, ENTITIES), Size(16, ENTITIES), Size(1, 1_000), Size(1, 100_000), Size(1, 1_000_000))
LARGEST = Size(1, 10_000_000)
"""Takes minutes to fill, so it is measured in the first round only; and more memory than the local Redis may have."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the result and the page."""
    parser = argparse.ArgumentParser("python -m benchmarks.scaling", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--rounds", type=positive, default=3, help="how often each is run (default 3)")
    parser.add_argument("--rows", type=positive, default=100_000, help="requests of each run (default 100000)")
    parser.add_argument("--largest", action="store_true", help="10 million entities too, once (6 GB of memory)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(arguments)
    before, found, sizes = load(), list[dict[Size, Speed]](), dict[Size, float]()
    with own_servers() as (home, addresses), bar_of(asked.json) as bar:
        task = bar.add_task("scaling", total=asked.rounds * len(SIZES) + asked.largest)
        for round_ in range(asked.rounds):
            found.append({})
            for size in (*SIZES, LARGEST) if asked.largest and not round_ else SIZES:
                found[-1][size], sizes[size] = _run(size, f"scaling-{round_}-{size}", asked.rows, home, addresses)
                bar.advance(task)
    result = {**surroundings(before), "rounds": asked.rounds, **_figures(found, sizes)}
    publish("scaling", result)
    print(json.dumps(result) if asked.json else "\n".join(" | ".join(row) for row in result["table"]["rows"]))


def _run(size: Size, name: str, rows: int, home: Path, addresses: StackAddresses) -> tuple[Speed, float]:
    """Speed of one run, and bytes in Redis for each entity."""
    document_ = {**document(), "topics": {"partitions": size.partitions}}
    ground = ground_of(document_, name, "exactly_once", home, addresses)
    apply_topics(ground.contracts.pipeline, addresses.bootstrap)
    client = connect(addresses.redis_url, WITHIN_S)
    client.config_set("maxmemory", 0)
    client.config_set("appendonly", "no")  # to forget or to rewrite gigabytes would hold up what is measured
    client.flushall()
    empty = _used(client.info("memory"))
    fill_stores(ground, size.entities)
    each = (_used(client.info("memory")) - empty) / size.entities
    client.close()
    keys, values = requests(ground.contracts, rows, size.entities)
    fill(addresses.bootstrap, Load(topic_name(name, "requests"), keys, values), size.partitions)
    speed = process_speed(CASE, ground, rows, home)
    check(ground, rows)
    return speed, each


def _used(memory: Any) -> int:
    return int(memory["used_memory"])


def _figures(rounds: Sequence[dict[Size, Speed]], sizes: dict[Size, float]) -> dict[str, Any]:
    first = SIZES[0]
    runs = {size: [(r[size], r[first]) for r in rounds if size in r] for size in sizes}
    rates = {size: spread([speed.rate for speed, _ in runs[size]], 0) for size in sizes}
    costs = {size: spread([speed.cpu_s * 1e6 for speed, _ in runs[size]], 2) for size in sizes}
    shares = {size: spread([speed.cpu_s / base.cpu_s for speed, base in runs[size]]) for size in sizes}
    rows = [_row(size, rates[size], costs[size], shares[size], sizes[size]) for size in sizes]
    table = {"title": "Partitions and entities", "about": ABOUT, "columns": COLUMNS, "rows": rows}
    named: dict[str, dict[Size, Any]] = {
        "per_second": rates,
        "cpu_us": costs,
        "share_of_first": shares,
        "redis_bytes_an_entity": sizes,
    }
    told = {name: {str(size): figure for size, figure in by.items()} for name, by in named.items()}
    return {**told, "table": table}


def _row(size: Size, rate: Spread, cost: Spread, share: Spread, each: float) -> list[str]:
    figures = [text_of(rate), text_of(cost, ".1f"), text_of(share, ".2f")]
    return [f"{size.partitions}", f"{size.entities:,}", *figures, f"{each:,.0f} bytes"]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then too
    main()
