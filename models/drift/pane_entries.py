"""Panes as entries of the table: what sketches add to them, and what windows read of them.

A pane has one entry of counts, which know by sequence numbers what they hold, and one of sampled rows, which may be
added again.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.drift.moments import added, as_entry
from models.drift.sample import merged
from models.drift.sketch import SketchPlan
from models.drift.sketch_row import SketchRow
from models.drift.tally import Tally, tally_of

Entry = dict[str, Any]
Table = Mapping[str, Entry]


@dataclass(slots=True)
class View:
    """The table as it will be once the writes are made. Keys of a source begin with its `prefix`."""

    table: Table
    prefix: str
    writes: dict[str, Entry | None] = field(default_factory=dict)

    def get(self, name: str) -> Entry | None:
        """Read an entry of the source."""
        return self.at(f"{self.prefix}|{name}")

    def put(self, name: str, entry: Entry | None) -> None:
        """Write an entry of the source; None deletes it."""
        self.writes[f"{self.prefix}|{name}"] = entry

    def at(self, key: str) -> Entry | None:
        """Read an entry by its whole key."""
        return self.writes[key] if key in self.writes else self.table.get(key)

    def names(self, starts: list[float]) -> list[str]:
        """Names of all entries that panes have."""
        samples = [name for start in starts if self.get(name := sample_name(start))]
        return [*map(pane_name, starts), *samples]

    def end(self, plan: SketchPlan, start: float) -> float:
        """End of a pane, or of the stretch of panes that was made of it."""
        return float((self.get(pane_name(start)) or {}).get("through", start)) + plan.window_ms

    def tally(self, plan: SketchPlan, starts: list[float]) -> Tally:
        """Merge panes into what is known of their rows; of none, nothing is."""
        if not starts:
            return tally_of(plan, [], 0.0, 0.0)
        names = [name for start in starts for name in (pane_name(start), sample_name(start))]
        entries = [entry for name in names if (entry := self.get(name))]
        return tally_of(plan, entries, starts[0], self.end(plan, starts[-1]))

    def version(self, starts: list[float]) -> int:
        """Newest version that answered in panes; 0: none."""
        entries = [self.get(pane_name(start)) or {} for start in starts]
        return max((int(entry.get("version", 0)) for entry in entries), default=0)


def pane_name(start: float) -> str:
    """Name of a pane's counts."""
    return f"{start:.0f}"


def sample_name(start: float) -> str:
    """Name of a pane's sample: an entry of its own, for it is larger than the counts, and changes ever more rarely."""
    return f"{start:.0f}:sample"


def add_sketch(view: View, plan: SketchPlan, sketch: SketchRow) -> None:
    """Count a sketch into its pane, once."""
    _add_sample(view, plan, sketch)  # first: unlike counts it may be added again
    name, partition = pane_name(sketch.window_start), str(sketch.partition)
    pane, none = view.get(name), [0] * (2 * len(plan.measured))
    if pane is None or len(pane["counts"]) != plan.size or len(pane.get("moments", none)) != len(none):
        pane = {"rows": 0, "counts": [0] * plan.size, "outside": [], "moments": none, "sequences": {}}
    if pane["sequences"].get(partition, -1) >= sketch.sequence:
        return
    version = max(sketch.version, pane.get("version", 0))
    counted: Entry = {
        "rows": pane["rows"] + sketch.rows,
        "counts": (np.array(pane["counts"], np.int64) + sketch.counts_N).tolist(),
        "outside": sum_of(pane.get("outside", []), sketch.outside_F.tolist()),
        "sequences": pane["sequences"] | {partition: sketch.sequence},
    }
    counted |= as_entry(added([pane.get("moments"), sketch.moments]))
    view.put(name, counted | ({"version": version} if version else {}))


def _add_sample(view: View, plan: SketchPlan, sketch: SketchRow) -> None:
    if not plan.sample_rows or not sketch.sample:
        return
    name = sample_name(sketch.window_start)
    known = b64decode((view.get(name) or {}).get("sample", ""))
    if (sample := merged(plan.sample_rows, plan.width, known, sketch.sample)) != known:
        view.put(name, {"sample": b64encode(sample).decode()})


def sum_of(counted: list[int], more: list[int]) -> list[int]:
    """Add counts up; of what was not counted there are none."""
    if not counted or not more:
        return counted or more
    return [int(n) for n in np.array(counted, np.int64) + np.array(more, np.int64)]
