"""One record as one schema wrote it, read as the present schema has it."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.codec import Codec, Frames
from schemas.codec_resolution import resolved
from schemas.decoded import Fault, Part


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what `codec` wrote and hands it on as `present` would have written it; the two may be the same."""

    codec: Codec
    present: Codec

    def has_rows(self, frames: Frames) -> bool:
        """Whether any message is of this schema."""
        return bool((frames.id_N == self.codec.schema_id).any())

    def read(self, frames: Frames) -> tuple[Part, tuple[Fault, ...]]:
        """Decode the messages that are of this schema."""
        part, faults = self.codec.decode_frames(frames, frames.id_N == self.codec.schema_id)
        if self.codec is self.present:
            return part, faults
        columns = resolved(part.columns, self.codec.fields, self.present.fields, len(part.row_N))
        return Part(part.name, part.row_N, columns), faults
