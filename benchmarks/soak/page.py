"""The page and the picture of the soak, from its report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.soak.report import FOREVER, SERVERS, most_compacted_mib

Report = dict[str, Any]

HEAD = """# Soak

A steady load on the whole loop in wall time, and whether memory, latency, Redis and disk stay where they are.
`make soak ARGS="--minutes 30 --rate 2000"` runs it, ends with `anabranch verify`, and writes this page,
`benchmarks/results/soak.json` and the picture. Warm-up is the first 18 minutes (six tenths of a shorter run): by then
windows, pending answers, remembered requests, replay memory and kept versions are at the size that the pipeline file
allows, and the first segments have been let go of. After it, a process strays by its furthest sample from its median.

![Memory, latency and disk over time](soak.png)
"""


def page(report: Report) -> str:
    """Write the page."""
    return "\n".join([HEAD, *_load(report), "", *_memory(report), "", *_disk(report), "", *_bounds(report)]) + "\n"


def _load(report: Report) -> Iterator[str]:
    sent, answers, machine = report["sent"], report["answers"], report["machine"]
    latency = report["latency"][-1] if report["latency"] else {"p50_ms": 0, "p99_ms": 0}
    yield (
        f"{report['minutes']:g} minutes at {report['rate']:,.0f} requests a second, on {report['date']}: "
        f"{sent['requests']:,} requests, {answers['read']:,} answers, {sent['labels']:,} labels. "
        f"In the last minute p50 {latency['p50_ms']} ms and p99 {latency['p99_ms']} ms, from sending to reading with "
        f"`read_committed`. {machine['processor']}, {machine['cores']} cores; load average before and after "
        f"{report['load_before'][0]:.1f} and {report['load_after'][0]:.1f}."
    )


def _memory(report: Report) -> Iterator[str]:
    yield "| memory | median MiB | strays by at most | trend an hour |"
    yield "|---|--:|--:|--:|"
    for name, found in report["memory_mib"].items():
        title = f"{name} (not ours)" if name in SERVERS else f"**{name}**"
        yield f"| {title} | {found['median']:.0f} | {found['strays']:.1%} | {found['trend_per_hour']:+.1%} |"
    redis = report["redis"]
    yield f"| Redis, its data | {redis['mib']['median']:.1f} | {redis['mib']['strays']:.1%} | |"


def _disk(report: Report) -> Iterator[str]:
    yield "| topic | median MiB | most MiB | kept |"
    yield "|---|--:|--:|---|"
    for role, found in report["disk_mib"].items():
        bound = report["retained_bounds_mib"].get(role, most_compacted_mib(report["rate"]))
        kept = "for ever" if role in FOREVER else f"at most {bound:.0f} MiB"
        yield f"| {role} | {found['median']:.1f} | {found['most']:.1f} | {kept} |"


def _bounds(report: Report) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for what, holds in report["within_bounds"].items():
        yield f"| {what} | {'yes' if holds else '**no**'} |"


def save_plot(report: Report, file: Path) -> None:
    """Draw memory, latency and disk over time."""
    from matplotlib.figure import Figure

    samples = report["samples"]
    minutes = [s["at_s"] / 60 for s in samples]
    figure = Figure(figsize=(8, 9), layout="constrained")
    memory, latency, disk = figure.subplots(3, sharex=True)
    for name in samples[0]["memory_mib"]:
        memory.plot(minutes, [s["memory_mib"][name] for s in samples], label=name)
    memory.set_ylabel("resident memory, MiB")
    for place, name in enumerate(("p50", "p99")):
        points = [(m, s["latency_ms"][place]) for m, s in zip(minutes, samples, strict=True) if s["latency_ms"]]
        latency.plot([m for m, _ in points], [v for _, v in points], label=name)
    latency.set_ylabel("latency, ms")
    latency.set_yscale("log")
    for role in sorted(samples[-1]["topics_mib"]):
        disk.plot(minutes, [s["topics_mib"].get(role, 0.0) for s in samples], label=role)
    disk.set_ylabel("topic on disk, MiB")
    disk.set_xlabel("minutes")
    for axes in (memory, latency, disk):
        axes.axvline(report["warm_up_s"] / 60, color="grey", lw=0.8, ls="--")
        axes.legend(fontsize=7, ncols=2)
    figure.savefig(file, dpi=100)
