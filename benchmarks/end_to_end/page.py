"""The page of benchmarks, written from the results: ``docs/benchmarks.md``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.end_to_end.figures import text_of
from benchmarks.end_to_end.rounds import COPY, COPY_IN_TRANSACTIONS

Result = dict[str, Any]

HEAD = """# Benchmarks

Each hot process from Kafka to Kafka on the local stack, as `anabranch run` starts it: one process, one partition,
topics filled beforehand, from its first to its last committed result. Beside it a bare confluent-kafka copy of the very
same topics that only reads and writes, without and with transactions (4,096 rows in each). Within a round the
process runs once and each copy three times, for it is over soon; figures are medians over rounds with least and most in
brackets, and ratios are taken within a round.

`make bench` measures all of it and writes this page and `benchmarks/results/`; `make bench ARGS="--only predictor"`
does so for one process.

Broker, Redis and the process share the cores with whatever else the machine does, which costs them more than a copy
that has the broker to itself; the load averages below say how busy it was. The processor time of a row (all threads of
the process, without broker and Redis) hardly depends on that.

![Speed as a share of the copy](benchmarks.png)
"""


def page(results: dict[str, Result]) -> str:
    """Write the page from the results, by name."""
    parts = [HEAD]
    cases = [result for result in results.values() if "share_of_copy" in result]
    if cases:
        parts.append("\n".join(["## Throughput", "", *_throughput(cases), "", *_work(cases)]))
    if "latency" in results:
        parts.append("\n".join(["## Latency", "", *_latency(results["latency"])]))
    parts += ["\n".join(_table(result["table"])) for result in results.values() if "table" in result]
    parts.append("\n".join(["## Taken on", "", *_machines(results)]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def read_results(folder: Path) -> dict[str, Result]:
    """Results of this page as they stand in the folder, by name; other pages have theirs beside them."""
    found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    return {name: result for name, result in found.items() if {"share_of_copy", "rates", "table"} & result.keys()}


def _throughput(cases: list[Result]) -> Iterator[str]:
    yield "| | a second | of the copy | of the copy with transactions | processor time of each | … of the copy's |"
    yield "|---|--:|--:|--:|--:|--:|"
    for result in cases:
        copies = (COPY, COPY_IN_TRANSACTIONS)
        names = [*(n for n in result["per_second"] if n not in copies), *copies]
        for name in names:
            title = f"**{result['process']}**, {_words(name)}" if name not in copies else f"{name} of its input"
            yield f"| {title} | {' | '.join(_cells(result, name))} |"


def _cells(result: Result, name: str) -> Iterator[str]:
    yield f"{text_of(result['per_second'][name], ',.0f')} {result['unit']}"
    for ratio in ("share_of_copy", "share_of_copy_in_transactions"):
        yield text_of(result[ratio][name], ".2f") if name in result[ratio] else ""
    yield f"{result['cpu_us'][name]['median']:.1f} µs"
    yield f"{result['cpu_of_copies'][name]['median']:.1f} ×" if name in result["cpu_of_copies"] else ""


def _work(cases: list[Result]) -> Iterator[str]:
    for result in cases:
        size = f"{result['rows']:,} {result['unit']}, {result['rounds']} rounds"
        yield f"- **{result['process']}**: {size}; {result['work']}."


def _latency(result: Result) -> Iterator[str]:
    yield (
        "From sending a request to reading its answer with `read_committed`, at a constant rate, ms: the predictor of "
        "the table above and bare copies that send on what there is. "
        f"{result['rounds']} rounds of {result['seconds']:g} s each."
    )
    yield ""
    yield "| requests a second | | p50 | p99 |"
    yield "|--:|---|--:|--:|"
    for rate, found in result["rates"].items():
        for name, percentiles in found.items():
            title = name if name in (COPY, COPY_IN_TRANSACTIONS) else f"**predictor**, {_words(name)}"
            yield f"| {int(rate):,} | {title} | {' | '.join(text_of(p, '.1f') for p in percentiles.values())} |"


def _table(table: dict[str, Any]) -> Iterator[str]:
    """Write a result that brings its own table: title, about, columns, and rows of text."""
    yield from (f"## {table['title']}", "", table["about"], "")
    yield f"| {' | '.join(table['columns'])} |"
    yield f"|---|{'--:|' * (len(table['columns']) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in table["rows"])


def _machines(results: dict[str, Result]) -> Iterator[str]:
    yield "| | date | commit | processor | versions | load before, after |"
    yield "|---|---|---|---|---|---|"
    for name, result in results.items():
        taken = result["machine"]
        versions = ", ".join(f"{package} {version}" for package, version in taken["versions"].items())
        processor = f"{taken['processor']}, {taken['cores']} cores, {taken['memory_gib']} GiB"
        load = ", ".join(f"{result[when][0]:.1f}" for when in ("load_before", "load_after"))
        yield f"| {name} | {result['date']} | {taken['commit']} | {processor} | {versions} | {load} |"


def _words(delivery: str) -> str:
    return delivery.replace("_", " ")
