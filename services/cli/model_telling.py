"""What `anabranch models` tells of one version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.ports import ModelStore
from schemas.versions import manifest_of
from services.learner.effects import Candidate

Manifest = Mapping[str, Any]


def shown(number: int, manifests: Mapping[int, Manifest], topic: str) -> dict[str, Any]:
    """A manifest with its JSON opened, its ancestors, and the offsets that its weights were learned from.

    Examples
    --------
    >>> told = {"gate": "{}", "scores": "{}", "recipe": "", "partition": 0}
    >>> manifests = {1: {"parent": 0, "first_offset": 0, "last_offset": 9, **told}}
    >>> manifests[2] = {"parent": 1, "first_offset": 11, "last_offset": 20, **told}
    >>> shown(2, manifests, "t")["learned_from"]
    {'topic': 't', 'partition': 0, 'since_parent': [11, 20], 'whole': [0, 20]}
    >>> shown(2, manifests, "t")["ancestors"]
    [1]
    """
    manifest, first = manifests[number], min(int(m["first_offset"]) for m in manifests.values())
    last = manifest["last_offset"]
    opened = {name: json.loads(manifest[name] or "null") for name in ("gate", "scores", "recipe")}
    ancestors, parent = list[int](), manifest["parent"]
    while parent in manifests and parent not in ancestors:
        ancestors.append(parent)
        parent = manifests[parent]["parent"]
    learned = {
        "topic": topic,
        "partition": manifest["partition"],
        "since_parent": [manifest["first_offset"], last],
        "whole": [first, last],
    }
    return {**manifest, **opened, "ancestors": ancestors, "learned_from": learned}


def put_back(store: ModelStore, made: Candidate, manifest: Manifest) -> None:
    """Give the store a version that it has lost or dropped; blocks on the store."""
    store.put(made.blob)
    store.restore(made.number, made.digest, manifest_of(manifest))


def rebuilt(made: Candidate, topic: str, first: int, out: Path | None, put: bool) -> dict[str, Any]:
    """What a rebuild came to."""
    return {
        "number": made.number,
        "digest": made.digest,
        "equal": True,
        "examples": made.examples,
        "topic": topic,
        "offsets": [first, made.last_offset],
        "bytes": len(made.blob),
        "out": None if out is None else str(out),
        "put": put,
    }


def rebuilt_text(told: Mapping[str, Any]) -> str:
    """Say it to a person."""
    first, last = told["offsets"]
    lines = [
        f"Version {told['number']} comes out again, to the bit: {told['digest']}",
        f"learned from {told['examples']:,} examples, {told['topic']}/0 offsets {first}–{last}",
    ]
    lines += [f"written to {told['out']}"] if told["out"] else []
    lines += ["in the model store, until newer versions push it out"] if told["put"] else []
    return "\n".join(lines)
