"""The bank as tensors and JSON, for checkpoints: safetensors hold the versions too, nothing is pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.concepts.change import Change
from models.concepts.concept import Concept
from models.concepts.sample import Sample
from models.concepts.signature import Grid
from models.concepts.window import Window
from models.gate_duel import Champion
from models.gate_interval import RunningMean
from models.protocol import Json, Snapshot

Tensors = Mapping[str, NDArray[Any]]
_EVIDENCE = ("differs", "agrees", "trial")


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a bank is; see there."""

    grid: Grid | None
    window: Window
    open: Concept | None
    closed: tuple[Concept, ...]
    numbers: int
    examples: int


def bank_snapshot(bank: Kept) -> Snapshot:
    """All of a bank."""
    parts = {"window": window_snapshot(bank.window), "grid": grid_snapshot(bank.grid)}
    if bank.open is not None:
        parts["open"] = concept_snapshot(bank.open)
    parts |= {f"concept{concept.number}": concept_snapshot(concept) for concept in bank.closed}
    whole = joined(parts)
    return Snapshot(whole.tensors, {"parts": whole.manifest, "numbers": bank.numbers, "examples": bank.examples})


def bank_of(snapshot: Snapshot) -> Kept:
    """The bank that `snapshot` is of; raises `DataError` if a version in it is no model."""
    parts = parted(Snapshot(snapshot.tensors, snapshot.manifest["parts"]))
    opened = parts.get("open")
    closed = [concept_of(part) for name, part in parts.items() if name.startswith("concept")]
    return Kept(
        grid_of(parts["grid"]),
        window_of(parts["window"]),
        None if opened is None else concept_of(opened),
        tuple(sorted(closed, key=lambda concept: concept.number)),
        int(snapshot.manifest["numbers"]),
        int(snapshot.manifest["examples"]),
    )


def concept_snapshot(concept: Concept) -> Snapshot:
    """All that is known of a regime."""
    evidence = {name: getattr(concept, name).snapshot() for name in _EVIDENCE}
    blob = b"" if concept.best is None else concept.best.blob
    tensors = {
        "counts": concept.counts_FC,
        "x": concept.sample.x_MF,
        "y": concept.sample.y_M,
        "best": np.frombuffer(blob, np.uint8),
        **{f"{name}.log": kept.tensors["log"] for name, kept in evidence.items()},
    }
    manifest: Json = {
        "number": concept.number,
        "since": concept.since,
        "last_seen": concept.last_seen,
        "contradicted": concept.contradicted,
        "level": asdict(concept.level),
        "version": concept.best.number if concept.best else 0,
        "digest": concept.best.digest if concept.best else "",
        "sample": {"size": concept.sample.size, "seed": [*concept.sample.seed], "seen": concept.sample.seen},
        **{name: kept.manifest for name, kept in evidence.items()},
    }
    return Snapshot(tensors, manifest)


def concept_of(snapshot: Snapshot) -> Concept:
    """The regime that `snapshot` was taken of; raises `DataError` if its version is no model."""
    tensors, told = snapshot.tensors, snapshot.manifest
    kept, version = told["sample"], int(told["version"])
    evidence = {name: Snapshot({"log": tensors[f"{name}.log"]}, told[name]) for name in _EVIDENCE}
    return Concept(
        number=int(told["number"]),
        since=int(told["since"]),
        last_seen=int(told["last_seen"]),
        counts_FC=np.array(tensors["counts"]),
        sample=Sample(kept["size"], tuple(kept["seed"]), kept["seen"], np.array(tensors["x"]), np.array(tensors["y"])),
        best=Champion.read(version, tensors["best"].tobytes()) if version else None,
        level=RunningMean(**told["level"]),
        contradicted=bool(told["contradicted"]),
        differs=Change.restored(evidence["differs"]),
        agrees=Change.restored(evidence["agrees"]),
        trial=Change.restored(evidence["trial"]),
    )


def grid_snapshot(grid: Grid | None) -> Snapshot:
    """All of a grid; of none, nothing."""
    return Snapshot() if grid is None else Snapshot({"edges": grid.edges_FE, "buckets": grid.buckets_F})


def grid_of(snapshot: Snapshot) -> Grid | None:
    """The grid that `snapshot` is of."""
    tensors = snapshot.tensors
    return Grid(np.array(tensors["edges"]), np.array(tensors["buckets"])) if tensors else None


def window_snapshot(window: Window) -> Snapshot:
    """Rows that belong to no regime yet."""
    lost = {"champion_lost": asdict(window.champion_lost), "best_lost": asdict(window.best_lost)}
    return Snapshot({"x": window.x_WF, "y": window.y_W}, {"champion": window.champion, **lost})


def window_of(snapshot: Snapshot) -> Window:
    """The window that `snapshot` was taken of."""
    told = snapshot.manifest
    champion_lost, best_lost = RunningMean(**told["champion_lost"]), RunningMean(**told["best_lost"])
    x_WF, y_W = np.array(snapshot.tensors["x"]), np.array(snapshot.tensors["y"])
    return Window(x_WF, y_W, told["champion"], champion_lost, best_lost)


def joined(parts: Mapping[str, Snapshot]) -> Snapshot:
    """Several snapshots as one."""
    tensors = {f"{part}/{name}": tensor for part, one in parts.items() for name, tensor in one.tensors.items()}
    return Snapshot(tensors, {part: one.manifest for part, one in parts.items()})


def parted(whole: Snapshot) -> dict[str, Snapshot]:
    """What `joined` made one of."""
    return {
        part: Snapshot(
            {name.removeprefix(f"{part}/"): t for name, t in whole.tensors.items() if name.startswith(f"{part}/")},
            manifest,
        )
        for part, manifest in whole.manifest.items()
    }
