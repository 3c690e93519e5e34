"""The page of accuracy under label delay, written from its results: ``benchmarks/results/learning.md``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.learning.streams import REAL

Result = dict[str, Any]

HEAD = """# Accuracy under label delay

Streams that drift, in their own order. Every row is answered before its label is known (prequential), and the label
comes at once or 500 rows later. Rows come in micro-batches, whose labels are unseen while the batch is answered; a
batch of 1 is the one-by-one protocol of the literature. The peers are River's classifiers with River's settings, ten
members in each ensemble, on the same machine. The contest's settings are one set for all streams and delays, chosen on
the three real ones (elec2, insects, noaa); the generated ones had no part in that.

- **accuracy**: share of all rows answered right.
- **kappa-temporal**: how much of what the last *known* label leaves wrong is got right.
- **AUC**: area under the ROC curve in windows of 1,000 rows, averaged and never pooled; of more than two classes the
  mean of one against the rest.
- **events/s**: rows answered and learned in a second of one processor; beside it that over the adaptive random
  forest's, where that was measured.

`make bench-learning` measures it again and writes this page; `make bench-learning ARGS="--help"` tells how to measure
one stream or one learner.

![Accuracy by window](learning.png)
"""

FORGETTING = """Accuracy on held-out rows of the first concept before and after the second was learned, and of the
second then; `back` is the number of rows of the last phase until its concept is answered within a point of its level:
the old one for a concept that returns, that at the end for a new one. Labels come at once, micro-batches have 32 rows.
*agrawal disjoint*: function 0 for cars up to 10, then function 2 for the others, 20,000 rows each. *sea and back*:
threshold 7, 9.5 and 7 again, 20,000 rows each. *insects thirds*: its first third, then its last; each fifth row is held
out."""


def page(result: Result) -> str:
    """Write the page."""
    streams = sorted(result["streams"].items(), key=lambda pair: (pair[0] not in REAL, pair[0]))
    tables = [table(name, of_stream) for name, of_stream in streams]
    if "scenarios" in result:
        tables.append(forgetting_table(result["scenarios"]))
    return "\n\n".join(part.strip() for part in (HEAD, *tables, *_machine(result))) + "\n"


def forgetting_table(scenarios: dict[str, dict[str, Result]]) -> str:
    """Write what is kept of a concept once another has come."""
    lines = [
        "## Forgetting",
        "",
        FORGETTING,
        "",
        "| scenario | learner | old concept, before and after | the new | back |",
    ]
    lines.append("|---|---|--:|--:|--:|")
    for scenario, runs in scenarios.items():
        for learner, run in sorted(runs.items(), key=lambda pair: -pair[1]["backward_transfer"]):
            before, after = (100 * shares["A"] for shares in run["after"][:2])
            back = "never" if run["recovery_rows"] is None else f"{run['recovery_rows']:,}"
            titles = f"| {scenario.replace('_', ' ')} | {learner.replace('_', ' ')} "
            lines.append(f"{titles}| {before:.1f} → {after:.1f} | {100 * run['new_concept']:.1f} | {back} |")
    return "\n".join(lines)


def table(name: str, of_stream: Result) -> str:
    """Write the table of one stream, the best at each delay first."""
    runs = sorted(of_stream["runs"].values(), key=lambda run: (run["delay"], -run["accuracy"]))
    rows = max((run["rows"] for run in runs), default=0)
    size = f"{rows:,} rows × {of_stream['features']} features, {of_stream['classes']} classes."
    forests = {run["delay"]: run["events_per_cpu_s"] for run in runs if run["learner"] == "adaptive_random_forest"}
    lines = ["| labels late by | learner | micro-batch | accuracy | kappa-temporal | AUC | events/s | |"]
    lines.append("|--:|---|--:|--:|--:|--:|--:|--:|")
    return "\n".join([f"## {name}", "", size, "", *lines, *(_row(run, forests) for run in runs)])


def _row(run: Result, forests: dict[int, int]) -> str:
    shares = " | ".join(f"{100 * run[key]:.1f}" for key in ("accuracy", "kappa_temporal", "windowed_auc"))
    title = run["learner"].replace("_", " ")
    speed, forest = run["events_per_cpu_s"], forests.get(run["delay"])
    ratio = f"{speed / forest:.1f} ×" if forest else ""
    return f"| {run['delay']} | {title} | {run['batch']} | {shares} | {speed:,} | {ratio} |"


def _machine(result: Result) -> Iterator[str]:
    taken = result["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in taken["versions"].items())
    runs = [run for of_stream in result["streams"].values() for run in of_stream["runs"].values()]
    yield "## Taken on"
    yield (
        f"{taken['processor']}, {taken['cores']} cores, {taken['memory_gib']} GiB, {taken['system']}; {versions}, "
        f"seeds {_all(runs, 'seed')}; commits {_all(runs, 'commit')}; {_all(runs, 'date')}. "
        "The machine had other work too, and every run had one thread at the lowest priority."
    )


def _all(runs: list[Result], key: str) -> str:
    found = sorted({str(run[key]) for run in runs})
    return ", ".join(found) if len(found) <= 3 else f"{found[0]} and {len(found) - 1} others (each run has its own)"
