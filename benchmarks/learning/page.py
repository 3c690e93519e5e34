"""The page of the learning benchmark, written from its results: ``docs/learning-benchmark.md``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.learning.page_forgetting import forgetting_part, recall_part
from benchmarks.learning.streams import MEASURED

Result = dict[str, Any]

HEAD = """# Learning benchmark

How right learners answer on streams that drift, while labels come late; what they keep of an old concept; and how soon
one that returns is answered as before. This page is written by the benchmark from `benchmarks/results/learning.json`,
where each run stands with its date and commit.

| `make` | measures again |
|---|---|
| `bench-learning` | the accuracy under label delay; `ARGS="--streams elec2 --learners contest"` does one cell |
| `bench-forgetting` | what is kept, with Avalanche's strategies in an environment of their own, and the returns |

Every seed is fixed. Elec2, insects and noaa are not part of the project: `--data` names the folder that has them, and
without it the flights, which come with a package, and the generated streams are measured alone.

## Accuracy under label delay

Streams that drift, in their own order. Every row is answered before its label is known (prequential), and the label
comes at once or 500 rows later. Rows come in micro-batches, whose labels are unseen while the batch is answered; a
batch of 1 is the one-by-one protocol of the literature. The peers are River's classifiers with River's settings, ten
members in each ensemble, on the same machine, one run each (seed 1). The contest's settings are one set for all streams
and delays, chosen on three real ones (elec2, insects, noaa), so that its figures there are of settings that had
seen these streams; the flights and the generated ones had no part in that. `mlp` is a network with Adam's steps of
0.001, alone, with a reservoir, or with the concept bank and concept-balanced replay.

*flights* is 30,000 consecutive flights of New York's airports that arrived, in the order of their scheduled departure
from 10 February 2013 on, so that the storm of 8 March is in it: will one arrive more than 15 minutes late? Each row is
the request of the flights pipeline an hour before departure, with the weather and with fading means of delays by
airport, airline, route, flight and aircraft, all from events that had come by then; fewer than the pipeline's own
windows. Labels are late in rows of this order, as in all streams, not by the clock: at 0 even flights still in the air
have theirs. Origin, destination and airline are categories: the contest tells them by their labels, the `mlp`s embed
them, and River's logistic regression has them one-hot; its trees have their codes as numbers, with which the forest was
right 0.9 points more than with names (labels at once).

- **accuracy**: share of all rows answered right.
- **kappa-temporal**: how much of what the last *known* label leaves wrong is got right.
- **AUC**: area under the ROC curve in windows of 1,000 rows, averaged and never pooled; of more than two classes the
  mean of one against the rest.
- **events/s**: rows answered and learned in a second of one processor; beside it that over the adaptive random
  forest's, where that was measured.

![Accuracy by window](learning-benchmark.png)
"""


def page(result: Result) -> str:
    """Write the page."""
    streams = sorted(result["streams"].items(), key=lambda pair: (_place(pair[0]), pair[0]))
    tables = [table(name, of_stream) for name, of_stream in streams]
    tables += [forgetting_part(result["forgetting"])] if "forgetting" in result else []
    tables += [recall_part(result["recall"])] if "recall" in result else []
    return "\n\n".join(part.strip() for part in (HEAD, *tables, *_machine(result))) + "\n"


def _place(name: str) -> int:
    """Real streams first."""
    return MEASURED.index(name) if name in MEASURED else len(MEASURED)


def table(name: str, of_stream: Result) -> str:
    """Write the table of one stream, the best at each delay first."""
    runs = sorted(of_stream["runs"].values(), key=lambda run: (run["delay"], -run["accuracy"]))
    rows = max((run["rows"] for run in runs), default=0)
    size = f"{rows:,} rows × {of_stream['features']} features, {of_stream['classes']} classes."
    forests = {run["delay"]: run["events_per_cpu_s"] for run in runs if run["learner"] == "adaptive_random_forest"}
    lines = ["| labels late by | learner | micro-batch | accuracy | kappa-temporal | AUC | events/s | |"]
    lines.append("|--:|---|--:|--:|--:|--:|--:|--:|")
    return "\n".join([f"### {name}", "", size, "", *lines, *(_row(run, forests) for run in runs)])


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
