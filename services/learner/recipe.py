"""What besides the examples decides a version's weights. Each version carries it, so that a change can be named."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

import torch

from schemas.layout import layout_of
from schemas.pipeline import Pipeline
from services.learner.plan import IDLE_KEYS

Recipe = dict[str, Any]
_LIBRARIES: Final = ("torch", "numpy", "river")


def recipe_of(pipeline: Pipeline) -> Recipe:
    """Write down the sections that decide the weights, and what computes them here.

    ``vector`` is a digest of the layout: a change of fields or windows. ``cpu`` names the instructions that torch uses:
    other ones round otherwise.
    """
    return {
        "vector": sha256(repr(layout_of(pipeline)).encode()).hexdigest()[:16],
        "model": pipeline.model.model_dump(mode="json"),
        "learner": pipeline.learner.model_dump(mode="json", exclude=set(IDLE_KEYS)),
        "gate": pipeline.gate.model_dump(mode="json"),
        **({"freeze": pipeline.freeze.model_dump(mode="json")} if pipeline.freeze else {}),
        **{name: version(name) for name in _LIBRARIES},
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }


def changes(then: Recipe, now: Recipe, prefix: str = "") -> Iterator[str]:
    """Name what differs, key by key.

    Examples
    --------
    >>> list(changes({"model": {"hidden": 64}, "cpu": "AVX2"}, {"model": {"hidden": 128}, "cpu": "AVX2"}))
    ['model.hidden was 64 and is 128']
    >>> list(changes({}, {"gate": "finite"}))
    ["gate was not there and is 'finite'"]
    """
    for key in dict.fromkeys((*then, *now)):
        old, new = then.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from changes(old, new, f"{prefix}{key}.")
        elif old != new:
            yield f"{prefix}{key} was {_shown(key in then, old)} and is {_shown(key in now, new)}"


def _shown(is_there: bool, value: object) -> str:
    return repr(value) if is_there else "not there"
