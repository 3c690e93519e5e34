"""The kill report, written from its results: ``docs/chaos.md``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Result = dict[str, Any]

HEAD = """# What was killed

A pipeline with two partitions runs on a Kafka and a Redis of its own: `feature_windows`, `label_join`, `predictor`,
`learner` and `drift_watch`, each one process, while a stream of requests, events and labels goes through it. A schedule
drawn from a seed, in answers counted and not in seconds, does this to it:

- **kill**: `kill -9` of a process, which is started again at once, or of the broker or Redis, which are started again
  on the data they left;
- **freeze**: a process is stopped for longer than its session and its transactions last, and then goes on;
- **succeed**: the same, but a successor of the same name has begun meanwhile. Who was frozen must find out, say so and
  leave with an exit code other than 0;
- **twins**: two copies begin at once. One must leave in the same way;
- **full disk**: no checkpoint can be written. The learner must say so and leave, and go on once there is room.

Some come alone, others while the last is not yet got over. Then the laws are checked: every request is answered once,
every label is joined or accounted for, versions rise by one and are all there, `anabranch verify` holds, the learner's
digests and scores equal those of a learner that reads the same log in one go, and every answer with status `ok` stood
on the vector, to the bit, of a run in which nothing happened.

`make chaos ARGS="--kills 200 --seed 7"` does it again and writes this page; `make test` does it with ten kills.
"""


def page(result: Result) -> str:
    """Write the page."""
    parts = [HEAD, *_verdict(result), *_recoveries(result), *_leavers(result), *_machine(result)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _verdict(result: Result) -> Iterator[str]:
    yield "## What came of it"
    rows = [
        ("kill -9", result["kills"]),
        ("freezes, successors, twins, full disks", result["others"]),
        ("requests", result["requests"]),
        ("… lost", result["requests_lost"]),
        ("… answered twice", result["requests_doubled"]),
        ("labels", result["labels"]),
        ("… lost", result["labels_lost"]),
        ("… joined twice", result["labels_doubled"]),
        ("versions published", result["versions"]),
        ("digests as those of an undisturbed learner", _yes(result["digests_equal"])),
        ("answers with status `ok` whose vector a calm run served too", f"{result['vectors_equal']:,}"),
        ("… another vector", result["vectors_other"]),
        ("laws that did not hold", ", ".join(result["broken"]) or "none"),
    ]
    yield "\n".join(["| | |", "|---|--:|", *(f"| {name} | {_number(value)} |" for name, value in rows)])
    statuses = ", ".join(f"{count:,} `{name}`" for name, count in result["statuses"].items())
    gone = ", ".join(f"`{name}` {count}" for name, count in result["ended_by_themselves"].items()) or "none"
    yield f"Answers by status: {statuses}. Processes that ended by themselves and were started again: {gone}."
    yield f"`anabranch verify`:\n\n```text\n{result['verify'].strip()}\n```"


def _recoveries(result: Result) -> Iterator[str]:
    yield "## Time to recover"
    yield (
        "Seconds from the disturbance to the next sign of life: a record that the process has written since (for the "
        "broker the predictor's next answer, for Redis its next that says `ok`), a watermark or an offset that moves. "
        "For one that was frozen from its waking, for a full disk from when there is room. Only what came alone is "
        "timed."
    )
    yield "![Time to recover by kind](chaos.png)"
    lines = ["| | times | timed | median | nine of ten | longest |", "|---|--:|--:|--:|--:|--:|"]
    for name, kind in result["kinds"].items():
        seconds = " | ".join("" if kind[k] is None else f"{kind[k]:.1f} s" for k in ("median", "p90", "max"))
        lines.append(f"| {name.replace('_', ' ')} | {kind['times']} | {kind['timed']} | {seconds} |")
    yield "\n".join(lines)
    yield (
        "What a process needs after a kill is mostly its own start: Python and its imports (the predictor and the "
        "learner take torch along), then its state. The group does not wait for the session of the dead to end, for "
        "the successor bears its name (a static member, KIP-345), and opening transactions ends at once what the dead "
        "left open (KIP-98). The broker needs some seconds to start, and waits for the session of its old self to run "
        "out."
    )


def _leavers(result: Result) -> Iterator[str]:
    yield "## What those said who had to leave"
    lines = ["| | exit codes | in its own words |", "|---|---|---|"]
    for name, kind in result["kinds"].items():
        if kind["said"]:
            codes = ", ".join(f"{code} ({times} ×)" for code, times in kind["exit_codes"].items())
            lines.append(f"| {name.replace('_', ' ')} | {codes} | {kind['said'].replace('|', '/')} |")
    yield "\n".join(lines)


def _machine(result: Result) -> Iterator[str]:
    taken = result["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in taken["versions"].items())
    load = ", ".join(f"{result[when][0]:.1f}" for when in ("load_before", "load_after"))
    yield "## Taken on"
    yield (
        f"{taken['processor']}, {taken['cores']} cores, {taken['memory_gib']} GiB, {taken['system']}; {versions}; "
        f"commit {taken['commit']}; seed {result['seed']}; {result['date']}. Load average before and after, for the "
        f"machine had other work too: {load}."
    )


def _yes(held: bool) -> str:
    return "yes" if held else "**no**"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
