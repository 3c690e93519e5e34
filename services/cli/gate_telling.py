"""What `anabranch gate` tells of the decisions that the versions topic holds. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

Manifest = Mapping[str, Any]
Row = dict[str, Any]

_FACTS: Final = ("number", "parent", "digest", "examples", "last_offset", "trained_through")


def decision_of(manifest: Manifest) -> Row:
    """One decision, opened, with what it was about.

    Examples
    --------
    >>> gate = '{"admitted": false, "policy": "better", "reasons": ["worse of late"], "scores": {"gain": -0.1}}'
    >>> told = decision_of({"number": 3, "published": False, "gate": gate})
    >>> told["number"], told["outcome"], told["reasons"], told["scores"]
    (3, 'refused', ['worse of late'], {'gain': -0.1})
    """
    decision = json.loads(manifest["gate"])
    facts = {name: manifest[name] for name in _FACTS if name in manifest}
    recalled = decision["policy"] == "recall"
    outcome = ("recalled" if recalled else "published") if manifest["published"] else "refused"
    return {**facts, "outcome": outcome, **{name: decision[name] for name in ("policy", "reasons", "scores")}}


def decisions_of(manifests: Iterable[Manifest], refused: bool = False) -> list[Row]:
    """All decisions in the order of their numbers, or the refusals alone."""
    rows = [decision_of(manifest) for manifest in sorted(manifests, key=lambda m: int(m["number"]))]
    return [row for row in rows if row["outcome"] == "refused" or not refused]


def why(row: Row) -> str:
    """The reasons of a refusal; of an admission, what spoke for it.

    Examples
    --------
    >>> why({"outcome": "published", "policy": "better", "reasons": [], "scores": {"gain": 0.0123, "log_e": 4.0}})
    'gain 0.0123, e-value e^4.0'
    >>> why({"outcome": "recalled", "policy": "recall", "reasons": [], "scores": {"concept": 2.0, "recalled": 7.0}})
    'version 7, best on concept 2, is back'
    >>> why({"outcome": "published", "policy": "better", "reasons": [], "scores": {"gain": 0.004, "follows": 900.0,
    ...     "log_e": 0.5, "log_e_needed": 3.0}})
    'gain 0.004, follows what was proved'
    """
    scores = row["scores"]
    if row["reasons"]:
        return "; ".join(row["reasons"])
    if row["policy"] == "recall":
        return f"version {scores['recalled']:.0f}, best on concept {scores['concept']:.0f}, is back"
    if scores.get("gain") is None:
        return "all is finite"
    if scores.get("follows") and scores["log_e"] is not None and scores["log_e"] < scores["log_e_needed"]:
        return f"gain {scores['gain']:.3g}, follows what was proved"
    e_value = "∞" if scores["log_e"] is None else f"e^{scores['log_e']:.1f}"
    return f"gain {scores['gain']:.3g}, e-value {e_value}"
