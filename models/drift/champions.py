"""Up to when each version had learned: so that a window can be compared with what its champion was trained on.

The champion of a window is the newest version that answered in it. What it was trained on, of what the watch still
remembers, are the newest windows that end before the newest label it had learned. Sketches of predictions say of which
version they are and when that label was; those of labels only the version, which is looked up here.
"""

from __future__ import annotations

from typing import Final

from models.drift.pane_entries import View
from models.drift.sketch_row import SketchRow

KEPT: Final = 256
"""Versions remembered, the newest: labels come late, and then speak of older ones."""


def note_version(view: View, sketch: SketchRow) -> None:
    """Remember what a sketch says of its version; the same whatever comes first."""
    if not sketch.version or not sketch.trained_through:
        return
    known = (view.at(_key(view)) or {"trained": {}})["trained"]
    if str(sketch.version) in known:
        return
    trained = {**known, str(sketch.version): sketch.trained_through}
    newest = sorted(trained, key=int)[-KEPT:]
    if str(sketch.version) in newest:
        view.writes[_key(view)] = {"trained": {number: trained[number] for number in newest}}


def trained_through(view: View, version: int) -> float | None:
    """Event time, ms, of the newest label that a version had learned.

    Of one that is not known, that of the nearest before it; None if there is none: it is not known what it learned.
    """
    known = (view.at(_key(view)) or {"trained": {}})["trained"]
    earlier = [int(number) for number in known if int(number) <= version]
    return float(known[str(max(earlier))]) if earlier else None


def _key(view: View) -> str:
    """One entry for all sources of a pipeline."""
    return f"{view.prefix.rpartition('|')[0]}|champions"
