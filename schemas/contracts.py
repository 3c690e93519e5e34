"""All records of one pipeline: their codecs, and decoding with the checks that the pipeline file asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec, Frames
from schemas.decoded import Columns, Decoded, Fault, Part
from schemas.errors import ConfigurationError
from schemas.generated import all_schemas
from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline
from schemas.static_ids import static_id
from schemas.value_checks import Check, event_check, label_check, progress_check, request_check

__all__ = ["Columns", "Contracts", "Decoded", "Fault", "Part", "contracts_of"]


class Contracts:
    """The records of a pipeline. Build it with `contracts_of`."""

    __slots__ = ("_checks", "_codecs", "layout", "pipeline")

    def __init__(self, pipeline: Pipeline, codecs: Iterable[Codec]) -> None:
        self.pipeline: Pipeline = pipeline
        self.layout: Layout = layout_of(pipeline)
        self._codecs = {codec.name: codec for codec in codecs}
        self._checks: dict[str, Check] = {
            "Request": request_check(pipeline),
            "Label": label_check(pipeline.target),
            "Progress": progress_check,
            **{event: event_check(pipeline, event) for event in pipeline.events},
        }

    @property
    def records(self) -> tuple[str, ...]:
        """Names of all records."""
        return tuple(self._codecs)

    def codec(self, record: str) -> Codec:
        """Codec of a record: ``Prediction``, ``Label``, …, ``Request``, and the events under their own names."""
        return self._codecs[record]

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
            stands only for records that have rows.
        """
        codecs = [self._codecs[name] for name in records]
        frames = Frames(values, max(c.padding for c in codecs))
        faults, parts, refused = [*frames.faults, *self._strangers(frames, codecs)], [], []
        for codec in codecs:
            part, bad = codec.decode_frames(frames, frames.id_N == codec.schema_id)
            good_N, worse = self._checked(part)
            faults += [*bad, *worse]
            parts.append(part.rows(good_N) if worse else part)
            refused += [part.rows(~good_N)] if worse else []
        found = tuple(p for p in parts if len(p.row_N))
        return Decoded(found, tuple(sorted(faults, key=lambda f: f.row)), tuple(refused))

    def _strangers(self, frames: Frames, codecs: list[Codec]) -> list[Fault]:
        other_N = ~np.isin(frames.id_N, [c.schema_id for c in codecs])
        if not other_N.any():
            return []
        names = {c.schema_id: c.name for c in self._codecs.values()}
        return [
            _stranger(r, i, names)
            for r, i in zip(frames.row_N[other_N].tolist(), frames.id_N[other_N].tolist(), strict=True)
        ]

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


def contracts_of(pipeline: Pipeline, ids: Mapping[str, int] | None = None) -> Contracts:
    """Build the contracts of a pipeline.

    Parameters
    ----------
    ids : Mapping of str to int, optional
        Schema id of each record, from a registry. Without it, the built-in static ids.

    Raises
    ------
    ConfigurationError
        Two records have the same id.
    """
    codecs = [Codec(s, static_id(s) if ids is None else ids[name]) for name, s in all_schemas(pipeline).items()]
    if len({c.schema_id for c in codecs}) != len(codecs):
        raise ConfigurationError(
            "Two records of the pipeline have the same schema id.", "Rename an event or one of its fields."
        )
    return Contracts(pipeline, codecs)
