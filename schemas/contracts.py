"""All records of one pipeline: their codecs, and decoding with the checks that the pipeline file asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec, Frames
from schemas.codec_readers import Reader
from schemas.codec_rows import concatenated
from schemas.compatibility import check_backward
from schemas.decoded import Columns, Decoded, Fault, Part
from schemas.errors import ConfigurationError
from schemas.generated import Schema, all_schemas, short_name
from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline
from schemas.static_ids import static_id
from schemas.value_checks import Check, event_check, label_check, progress_check, request_check

__all__ = ["Columns", "Contracts", "Decoded", "Fault", "Part", "contracts_of"]


class Contracts:
    """The records of a pipeline. Build it with `contracts_of`."""

    __slots__ = ("_checks", "_readers", "layout", "pipeline")

    def __init__(self, pipeline: Pipeline, codecs: Iterable[Codec], former: Iterable[Codec] = ()) -> None:
        self.pipeline: Pipeline = pipeline
        self.layout: Layout = layout_of(pipeline)
        self._readers = {codec.name: [Reader(codec, codec)] for codec in codecs}
        for codec in former:
            self._readers[codec.name].append(Reader(codec, self.codec(codec.name)))
        self._checks: dict[str, Check] = {
            "Request": request_check(pipeline),
            "Label": label_check(pipeline.target),
            "Progress": progress_check,
            **{event: event_check(pipeline, event) for event in pipeline.events},
        }

    @property
    def records(self) -> tuple[str, ...]:
        """Names of all records."""
        return tuple(self._readers)

    def codec(self, record: str) -> Codec:
        """Codec of a record: ``Prediction``, ``Label``, …, ``Request``, and the events under their own names."""
        return self._readers[record][0].codec

    def writer(self, schema_id: int) -> Codec | None:
        """Codec that writes messages with this id, or wrote them once; None if nobody here does."""
        found = (r.codec for readers in self._readers.values() for r in readers if r.codec.schema_id == schema_id)
        return next(found, None)

    def decode(self, values: Sequence[bytes | None], records: tuple[str, ...]) -> Decoded:
        """Decode the values of one topic.

        Parameters
        ----------
        values : sequence of bytes or None, length B
            Messages, as consumed.
        records : tuple of str
            Which records may be on this topic.

        Returns
        -------
        Decoded
            Each of the B rows in exactly one part, or as one fault. It never raises for bad bytes. A part
            stands only for records that have rows. What former schemas wrote comes as the present one has it.
        """
        frames = Frames(values, max(r.codec.padding for name in records for r in self._readers[name]))
        faults = [*frames.faults, *self._strangers(frames, records)]
        parts, refused = list[Part](), list[Part]()
        for name in records:
            part, bad = self._read(name, frames)
            good_N, worse = self._checked(part)
            faults += [*bad, *worse]
            parts.append(part.rows(good_N) if worse else part)
            refused += [part.rows(~good_N)] if worse else []
        found = tuple(p for p in parts if len(p.row_N))
        return Decoded(found, tuple(sorted(faults, key=lambda f: f.row)), tuple(refused))

    def _read(self, name: str, frames: Frames) -> tuple[Part, list[Fault]]:
        """Decode one record, whichever of its schemas wrote it."""
        readers = [r for r in self._readers[name] if r.has_rows(frames)]
        if not readers:
            return Part(name, np.empty(0, np.int64), {}), []
        found = [reader.read(frames) for reader in readers]
        return _merged([part for part, _ in found]), [fault for _, faults in found for fault in faults]

    def _strangers(self, frames: Frames, records: tuple[str, ...]) -> list[Fault]:
        welcome = [r.codec.schema_id for name in records for r in self._readers[name]]
        other_N = ~np.isin(frames.id_N, welcome)
        if not other_N.any():
            return []
        names = {r.codec.schema_id: name for name, readers in self._readers.items() for r in readers}
        strangers = zip(frames.row_N[other_N].tolist(), frames.id_N[other_N].tolist(), strict=True)
        return [_stranger(row, schema_id, names) for row, schema_id in strangers]

    def _checked(self, part: Part) -> tuple[NDArray[np.bool_], list[Fault]]:
        check = self._checks.get(part.name)
        good_N, faults = np.ones(len(part.row_N), np.bool_), list[Fault]()
        if check is None or not len(part.row_N):
            return good_N, faults
        for bad_N, reason, detail in check(part.columns):
            faults += [Fault(row, reason, detail) for row in part.row_N[good_N & bad_N].tolist()]
            good_N &= ~bad_N
        return good_N, faults


def _stranger(row: int, schema_id: int, names: dict[int, str]) -> Fault:
    if schema_id in names:
        return Fault(row, "wrong_record", f"{names[schema_id]} does not belong on this topic")
    return Fault(row, "unknown_schema", f"schema id {schema_id} is not one of this pipeline's")


def _merged(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    row_N = np.concatenate([p.row_N for p in parts])
    order_N = np.argsort(row_N)
    columns = {name: concatenated([p.columns[name] for p in parts])[order_N] for name in parts[0].columns}
    return Part(parts[0].name, row_N[order_N], columns)


def contracts_of(
    pipeline: Pipeline, ids: Mapping[str, int] | None = None, former: Iterable[tuple[int, Schema]] = ()
) -> Contracts:
    """Build the contracts of a pipeline.

    Parameters
    ----------
    ids : Mapping of str to int, optional
        Schema id of each record, from a registry. Without it, the built-in static ids.
    former : iterable of (int, Schema), optional
        Ids and schemas that records of this pipeline had before; what they wrote stays readable.

    Raises
    ------
    ConfigurationError
        Two records have the same id.
    SchemaIncompatible
        A record can no longer read what a former schema wrote.
    """
    schemas = all_schemas(pipeline)
    codecs = [Codec(s, static_id(s) if ids is None else ids[name]) for name, s in schemas.items()]
    known = {codec.schema_id for codec in codecs}
    past = {i: s for i, s in former if i not in known and short_name(s) in schemas}
    for schema in past.values():
        check_backward(short_name(schema), [schema], schemas[short_name(schema)])
    if len(known) != len(codecs):
        what = "Two records of the pipeline have the same schema id."
        raise ConfigurationError(what, "Rename an event or one of its fields.")
    return Contracts(pipeline, codecs, (Codec(s, i) for i, s in past.items()))
