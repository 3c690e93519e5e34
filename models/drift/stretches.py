"""Windows by count: panes that have closed are joined, one after another, until they hold rows enough.

What they become is a pane itself, under the name of its first, which says `through` which pane it goes. So it comes out
the same however rows were partitioned, and memory is that of one pane for each stretch, however thin the stream is.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from models.drift.moments import added, as_entry
from models.drift.pane_entries import Entry, View, pane_name, sample_name, sum_of
from models.drift.sample import merged
from models.drift.sketch import SketchPlan


def gathered(view: View, source: Entry, plan: SketchPlan, rows: int, start: float) -> Entry:
    """Join the next pane that has closed to the stretch that is not full; the source says which that is, if any.

    A step that was cut short may have joined this pane, and later ones, already: then it is not joined again, and the
    stretch is not full before the last of them.

    Parameters
    ----------
    view : View
    source : dict
        Entry of the source; `gathering` is the start of the stretch that is not full, or None.
    plan : SketchPlan
    rows : int
        How many make a stretch full.
    start : float
        Of the pane.

    Returns
    -------
    dict
        The source's entry, with the pane let go unless it is the first of its stretch.
    """
    waiting: float | None = source["gathering"]
    first = start if waiting is None else waiting
    stretch = view.get(pane_name(first)) or {}
    if start > stretch.get("through", first):
        stretch = _joined(view, plan, first, stretch, start)
    if start != first:
        starts = [s for s in source["starts"] if s != start]
        source = source | {"starts": starts, "forgotten": [*source["forgotten"], *view.names([start])]}
    is_full = stretch.get("through", first) == start and stretch["rows"] >= rows
    return source | {"gathering": None if is_full else first}


def _joined(view: View, plan: SketchPlan, first: float, stretch: Entry, start: float) -> Entry:
    pane = view.get(pane_name(start)) or {}
    version = max(stretch.get("version", 0), pane.get("version", 0))
    joined: Entry = {name: value for name, value in stretch.items() if name != "moments"} | {
        "rows": stretch["rows"] + pane["rows"],
        "counts": sum_of(stretch["counts"], pane["counts"]),
        "outside": sum_of(stretch.get("outside", []), pane.get("outside", [])),
        "through": start,
        **as_entry(added([stretch.get("moments"), pane.get("moments")])),
    }
    samples = [b64decode(found["sample"]) for s in (first, start) if (found := view.get(sample_name(s)))]
    if samples:  # first: unlike counts it may be joined again
        sample = merged(plan.sample_rows, plan.width, *samples)
        view.put(sample_name(first), {"sample": b64encode(sample).decode()})
    view.put(pane_name(first), joined | ({"version": version} if version else {}))
    return joined
