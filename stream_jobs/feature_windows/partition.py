"""One partition of the windows: merges pane rows, closes panes by the watermark, and keeps its journal."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError, DataError
from schemas.feature_format import pack
from schemas.redis_keys import feature_keys
from stream_jobs.feature_windows.journal import Held, Segment, row_cuts, segment_bytes, segment_from, segment_key
from stream_jobs.feature_windows.kind_state import Changed, KindState
from stream_jobs.feature_windows.panes import PaneRows, joined
from stream_jobs.feature_windows.plan import Plan
from stream_jobs.feature_windows.source_watermarks import SourceWatermarks
from stream_jobs.feature_windows.wire import Origin, PaneMessage, row_message
from stream_jobs.feature_windows.written import Cursor, Packed, Written

Ints = NDArray[np.int64]
_MARKS = b"w"
_OPEN_SEGMENTS = 64
"""More open segments than this of one event are written anew as one: bounds what restoring reads."""


class Partition:
    """State of one partition: a function of the prefix of the panes log that it has taken.

    Parameters
    ----------
    plan : Plan
        The windows.
    fingerprint : int
        `windows_fingerprint`: state of other windows is refused.
    changelog : iterable of (key, value)
        Latest value of each key.

    Raises
    ------
    ConfigurationError
        The changelog was written by other windows.
    DataError
        The changelog cannot be read.
    """

    def __init__(self, plan: Plan, fingerprint: int, changelog: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._plan, self._fingerprint = plan, fingerprint
        self._kinds = [KindState(k, plan.pane, plan.snapshots) for k in plan.kinds]
        self._places = {
            (k.kind.name, e.event): (i, j) for i, k in enumerate(plan.kinds) for j, e in enumerate(k.events)
        }
        self._marks, self.closed, self._next = SourceWatermarks(), 0, 0
        self._open: dict[tuple[int, int], list[Held]] = {place: [] for place in self._places.values()}
        self._held: dict[tuple[int, int], list[Held]] = {place: [] for place in self._places.values()}
        self._added: dict[tuple[int, int], list[tuple[Ints, PaneRows]]] = {}
        self._logged = b""
        try:
            self._restore(dict(changelog))
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
            raise DataError(
                f"The changelog of the windows is damaged: {error!r}.",
                "Delete the windows-changelog topic and reset the group to the start of the features.",
            ) from error

    def take(self, message: PaneMessage) -> PaneMessage | None:
        """Take one message; returns its late rows. A watermark moves `due`, rows wait for `close`.

        Raises
        ------
        ValueError
            Its rows are not of these windows.
        """
        if not message.kind:
            self._marks.update(message.source, message.sources, message.watermark, message.idle)
            return None
        place = self._places.get((message.kind, message.event))
        if place is None:
            raise ValueError(f"no windows over {message.event} by {message.kind}")
        event = self._plan.kinds[place[0]].events[place[1]]
        rows, entity_N = message.pane_rows(event), message.entity_N()
        on_time_N = rows.end_N > self.due
        if on_time_N.any():
            self._add(place, entity_N[on_time_N], rows.take(on_time_N))
        if on_time_N.all():
            return None
        origin = Origin(message.source, message.sources, message.first_offset, message.last_offset)
        return row_message(message.kind, event, entity_N[~on_time_N], rows.take(~on_time_N), origin)

    @property
    def due(self) -> int:
        """End of the newest pane that the watermark has passed."""
        least = self._marks.least()
        return max(self.closed, int(least // self._plan.pane)) if least > -np.inf else self.closed

    def close(self) -> Written:
        """Close the panes that are due, and say what is to be written. Called once a batch, after `take`."""
        written, after, until = Written(), self.closed, self.due
        self.closed = until
        for i, kind in enumerate(self._kinds):
            closed = kind.close(after, until) if until > after else []
            for j, (owner_N, rows) in enumerate(closed):
                self._write_segments("h", (i, j), owner_N, rows, written)
            for j in range(len(kind.events)):
                self._write_open((i, j), written)
            if until > after:
                packed = self._packed(kind, kind.changed(after, until))
                written.store_keys += packed.keys
                written.store_values += packed.values
                self._clean(i, until, written)
        self._added.clear()
        if self._marks_bytes() != self._logged:
            self._logged = self._marks_bytes()
            written.log(_MARKS, self._logged)
        return written

    def _add(self, place: tuple[int, int], entity_N: NDArray[np.bytes_], rows: PaneRows) -> None:
        owner_N = self._kinds[place[0]].add_open(place[1], entity_N, rows)
        self._added.setdefault(place, []).append((owner_N, rows))

    def all_values(self, cursor: Cursor, most: int) -> tuple[Packed, Cursor | None]:
        """Write every living entity's value anew, at most so many of one kind, and say where to go on; None: the end.

        They are the bytes that were written when each changed last. Panes may close in between: what changes then
        is written then, and what is still to come is as of then.
        """
        if cursor.kind == len(self._kinds):
            return Packed(), None
        kind, stop = self._kinds[cursor.kind], cursor.entity + most
        ended = stop >= len(kind.names)
        following = Cursor(cursor.kind + 1) if ended else Cursor(cursor.kind, stop)
        packed = self._packed(kind, kind.held(cursor.entity, stop, self.closed))
        return packed, None if following.kind == len(self._kinds) else following

    def _packed(self, kind: KindState, changed: Changed) -> Packed:
        if not len(changed.entity_E):
            return Packed()
        found = changed.snapshots
        time_P = found.end_P * np.int64(self._plan.pane)
        keys = feature_keys(self._plan.pipeline, kind.plan.kind.name, changed.entity_E)
        return Packed(keys, pack(time_P, found.x_PC, changed.size_E, self._fingerprint))

    def _write_open(self, place: tuple[int, int], written: Written) -> None:
        """Log the rows that came with this batch and stay open; drop segments whose panes are all closed."""
        held, state = self._open[place], self._kinds[place[0]].events[place[1]]
        gone = [h for h in held if h.until <= self.closed]
        added = self._added.get(place, [])
        if added:
            owner_N, rows = np.concatenate([o for o, _ in added]), joined([r for _, r in added])
            stays_N = rows.end_N > self.closed
            self._write_segments("o", place, owner_N[stays_N], rows.take(stays_N), written)
        if len(held) - len(gone) > _OPEN_SEGMENTS:
            gone = list(held)
            owner_N, rows = state.open.all()
            self._write_segments("o", place, owner_N, rows, written)
        for h in gone:
            written.log(h.key, None)
        keys = {h.key for h in gone}
        self._open[place] = [h for h in self._open[place] if h.key not in keys]

    def _clean(self, i: int, until: int, written: Written) -> None:
        """Drop closed segments that are too old to matter; write what still does anew."""
        kind = self._kinds[i]
        for j in range(len(kind.events)):
            held = self._held[i, j]
            old = [h for h in held if h.until + kind.plan.memory <= until]
            if not old:
                continue
            self._held[i, j] = [h for h in held if h.until + kind.plan.memory > until]
            owner_N, end_N = np.concatenate([h.owner_N for h in old]), np.concatenate([h.end_N for h in old])
            dead = kind.bury(np.unique(owner_N), until)
            written.retired_keys += feature_keys(self._plan.pipeline, kind.plan.kind.name, dead)
            keep_N = kind.needed(j, owner_N, end_N)
            owner_K, rows = kind.rows_at(j, owner_N[keep_N], end_N[keep_N])
            self._write_segments("h", (i, j), owner_K, rows, written)
            for h in old:
                written.log(h.key, None)

    def _write_segments(self, state: str, place: tuple[int, int], owner_N: Ints, rows: PaneRows, out: Written) -> None:
        if not len(rows):
            return
        kind, plan = self._kinds[place[0]], self._plan.kinds[place[0]].events[place[1]]
        entity_N = kind.names.names(owner_N)
        for a, b in row_cuts(plan, len(rows), entity_N.dtype.itemsize):
            cut = rows.take(np.arange(a, b))
            key = segment_key(state, *place, self._next)
            self._next += 1
            out.log(key, segment_bytes(self.closed, entity_N[a:b], cut))
            until = int(cut.end_N.max()) if state == "o" else self.closed
            target = self._open if state == "o" else self._held
            target[place].append(Held(key, until, owner_N[a:b], cut.end_N))

    def _marks_bytes(self) -> bytes:
        sources = {str(s): list(m) for s, m in sorted(self._marks.by_source.items())}
        state = {"windows": self._fingerprint, "closed": self.closed, "of": self._marks.sources, "sources": sources}
        return json.dumps(state).encode()

    def _restore(self, changelog: dict[bytes, bytes]) -> None:
        if not changelog:
            return
        marks = json.loads(changelog.pop(_MARKS, b"{}"))
        if marks.get("windows") != self._fingerprint:
            raise ConfigurationError(
                "The windows in the pipeline file have changed since their state was written.",
                "Give the pipeline a new name, or delete its windows-changelog topic and read the features again.",
            )
        self.closed = marks["closed"]
        for source, (watermark, idle) in marks["sources"].items():
            self._marks.update(int(source), marks["of"], watermark, idle)
        plans = [list(k.events) for k in self._plan.kinds]
        found = sorted(((*segment_from(k, v, plans), k) for k, v in changelog.items()), key=lambda f: f[1])
        self._next = found[-1][1] + 1 if found else 0
        for place in self._places.values():
            mine = [(s, seg, k) for s, _, seg, k in found if (seg.kind, seg.event) == place]
            self._restore_closed(place, [(seg, k) for s, seg, k in mine if s == "h"])
            self._restore_open(place, [(seg, k) for s, seg, k in mine if s == "o"])

    def _restore_closed(self, place: tuple[int, int], segments: list[tuple[Segment, bytes]]) -> None:
        if not segments:
            return
        width = max(s.entity_N.dtype.itemsize for s, _ in segments)
        entity_N = np.concatenate([s.entity_N.astype(f"S{width}") for s, _ in segments])
        rows = joined([s.rows for s, _ in segments])
        owner_N, at = self._kinds[place[0]].restore(place[1], entity_N, rows, self.closed), 0
        for segment, key in segments:
            size = len(segment.rows)
            self._held[place].append(Held(key, segment.closed, owner_N[at : at + size], segment.rows.end_N))
            at += size

    def _restore_open(self, place: tuple[int, int], segments: list[tuple[Segment, bytes]]) -> None:
        for segment, key in segments:
            opens_N = segment.rows.end_N > self.closed
            rows = segment.rows.take(opens_N)
            owner_N = self._kinds[place[0]].add_open(place[1], segment.entity_N[opens_N], rows)
            self._open[place].append(Held(key, int(segment.rows.end_N.max()), owner_N, rows.end_N))
