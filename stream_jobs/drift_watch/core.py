"""From one message of the sketches topic to drift records, dead letters and changes of the table. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from models.drift.moments import are_possible, unpacked
from models.drift.pane_entries import Entry
from models.drift.reports import reports_of
from models.drift.sample import row_bytes
from models.drift.sketch import LABELS, SketchPlan, labels_plan, predictions_plan
from models.drift.sketch_row import SketchRow
from models.drift.windows import Advance, advance
from schemas.contracts import Contracts
from schemas.dead_letters import dead_letters
from schemas.decoded import Columns, Fault
from schemas.drift_rules import LABEL_COLUMNS
from schemas.records import Outgoing, Records
from stream_jobs.drift_watch.notices import notices_of

PROCESS = "drift_watch"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message leads to: records to be sent first, then writes to the table, in this order (None: delete)."""

    records: tuple[Outgoing, ...] = ()
    writes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)


class DriftWatch:
    """Merges the sketches of a pipeline into windows and tests those that close. Keeps nothing outside of the table.

    Parameters
    ----------
    contracts : Contracts
    """

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._spec = contracts.pipeline.drift
        self._name = contracts.pipeline.pipeline
        plans = (predictions_plan(contracts.pipeline), labels_plan(contracts.pipeline))
        self._plans = {plan.source: plan for plan in plans}

    def handle(self, records: Records, table: Mapping[bytes, bytes], now_ms: float) -> Answer:
        """Take in one message, or say again what was said if it comes again.

        Parameters
        ----------
        records : Records
            One row of the sketches topic.
        table : Mapping of bytes to bytes
            JSON by ``pipeline|source`` and ``pipeline|source|window start``. Not changed.
        now_ms : float
            For dead letters only: windows close by event time.
        """
        decoded = self._contracts.decode(records.values, ("Sketch",))
        faults = decoded.faults
        if not faults:
            columns = decoded.parts[0].columns
            plan = self._plans.get(columns["source"][0].decode())
            columns = _completed(plan, columns) if plan is not None else columns
            faults = _misfit(plan, columns)
            if plan is not None and not faults:
                return self._advance(plan, _row(columns), table)
        letters = dead_letters(self._contracts, records, faults, PROCESS, now_ms)
        return Answer((letters,), counts={f"dead_letters_total:{fault.reason}": 1 for fault in faults})

    def _advance(self, plan: SketchPlan, sketch: SketchRow, table: Mapping[bytes, bytes]) -> Answer:
        step = advance(_Decoded(table), f"{self._name}|{plan.source}", plan, self._spec, sketch)
        writes = {k.encode(): None if e is None else json.dumps(e).encode() for k, e in step.writes.items()}
        return Answer(self._drifts(step), writes, _counts(plan, step))

    def _drifts(self, step: Advance) -> tuple[Outgoing, ...]:
        if not step.drifts:
            return ()
        return (reports_of(self._contracts, step.drifts), *notices_of(self._contracts, step.drifts))


class _Decoded(Mapping[str, Entry]):
    """The table as `advance` reads it."""

    def __init__(self, table: Mapping[bytes, bytes]) -> None:
        self._table = table

    def __getitem__(self, key: str) -> Entry:
        entry: Entry = json.loads(self._table[key.encode()])
        return entry

    def __iter__(self) -> Iterator[str]:
        return (key.decode() for key in self._table)

    def __len__(self) -> int:
        return len(self._table)


def _completed(plan: SketchPlan, columns: Columns) -> Columns:
    """Add empty histograms to a sketch from before there were derived columns, or errors of labels: all are missing."""
    bins, told = plan.bins + 1, {plan.width} | ({len(LABEL_COLUMNS) - 1} if plan.source == LABELS else set())
    count, rest = divmod(np.size(columns["counts"]), bins)
    if rest or count not in told or count == len(plan.names):
        return columns
    none_B = np.append(np.zeros(plan.bins, np.int64), columns["rows"])
    lacking = len(plan.names) - count
    outside_F = np.asarray(columns["outside"][0], np.int64)
    if len(outside_F):
        outside_F = np.append(outside_F, np.zeros(len(plan.names) - len(outside_F), np.int64))
    counts_N = np.concatenate([columns["counts"][0], *[none_B] * lacking])
    moments = _with_none(plan, columns["moments"][0], lacking)
    return {**columns, "counts": counts_N[None], "outside": outside_F[None], "moments": np.array([moments], np.object_)}


def _with_none(plan: SketchPlan, moments: bytes, lacking: int) -> bytes:
    """Add sums of nothing, if there are any: columns that came later are the last numbers."""
    half = 8 * (len(plan.measured) - lacking)
    return moments and b"".join(part + bytes(8 * lacking) for part in (moments[:half], moments[half:]))


def _misfit(plan: SketchPlan | None, columns: Columns) -> tuple[Fault, ...]:
    """Refuse sketches that cannot be added to those of this pipeline file: of another source, bins or windows."""
    if plan is None:
        return (Fault(0, "unusable", f"source {columns['source'][0]!r} is none that is watched"),)
    if columns["counts"].shape != (1, plan.size):
        return (Fault(0, "unusable", f"counts: {np.size(columns['counts'])}, not {plan.size}: other columns or bins"),)
    told = float(columns["binning"][0])
    if told != plan.binning and (told or plan.given is not None):
        why = "made with other edges, ranges or columns than this pipeline file's"
        return (Fault(0, "unusable", f"binning: {why}; start all processes with the same one"),)
    if np.size(columns["outside"]) not in (0, len(plan.names)):
        return (Fault(0, "unusable", f"outside: {np.size(columns['outside'])} columns, not {len(plan.names)}"),)
    if len(columns["moments"][0]) not in (0, 16 * len(plan.measured)):
        return (Fault(0, "unusable", f"moments: {len(columns['moments'][0])} bytes, not 16 for each number"),)
    if len(columns["moments"][0]) and not are_possible(unpacked(columns["moments"][0]), _present(plan, columns)):
        return (Fault(0, "unusable", "moments: no rows as counted have such sums"),)
    if len(columns["sample"][0]) % row_bytes(plan.width):
        return (Fault(0, "unusable", f"sample: {len(columns['sample'][0])} bytes, not rows of {plan.width} columns"),)
    start, end = float(columns["window_start"][0]), float(columns["window_end"][0])
    if (
        not np.isfinite([start, end, columns["watermark"][0], columns["trained_through"][0]]).all()
        or end - start != plan.window_ms
    ):
        return (Fault(0, "bad_time", f"window {start:g} to {end:g}: not as long as drift.window, or drift.slide"),)
    return ()


def _present(plan: SketchPlan, columns: Columns) -> list[int]:
    """Rows of a sketch that have each of its numbers."""
    counts_FB = np.asarray(columns["counts"][0], np.int64).reshape(len(plan.names), plan.bins + 1)
    present_M: list[int] = counts_FB[plan.measured, :-1].sum(axis=1).tolist()
    return present_M


def _row(columns: Columns) -> SketchRow:
    return SketchRow(
        window_start=float(columns["window_start"][0]),
        watermark=float(columns["watermark"][0]),
        rows=int(columns["rows"][0]),
        counts_N=np.asarray(columns["counts"][0], np.int64),
        partition=int(columns["partition"][0]),
        partitions=int(columns["partitions"][0]),
        sequence=int(columns["sequence"][0]),
        outside_F=np.asarray(columns["outside"][0], np.int64),
        sample=bytes(columns["sample"][0]),
        version=int(columns["version"][0]),
        trained_through=float(columns["trained_through"][0]),
        moments=unpacked(columns["moments"][0]) or None,
    )


def _counts(plan: SketchPlan, step: Advance) -> dict[str, float]:
    counts = {
        "sketches_total": 1.0,
        f"late_rows_total:{plan.source}": float(step.late),
        f"closed_windows_total:{plan.source}": float(step.closed),
    }
    for drift in step.drifts:
        if drift.state == "closed":
            continue
        name = f"drifts_total:{plan.source}:{drift.severity}"
        counts[name] = counts.get(name, 0) + 1
    return {name: count for name, count in counts.items() if count}
