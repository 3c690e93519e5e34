"""Each record's codec, over hostile bytes: nothing is raised, no row is lost, and fastavro never reads otherwise."""

from __future__ import annotations

import io
from typing import Any

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.dead_letters import REASONS
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts, sound

RECORDS = contracts().records


@fuzzed
@given(st.data())
def test_rows_are_parts_or_faults_and_do_not_depend_on_their_neighbours(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(RECORDS))
    codec = contracts().codec(record)
    values = data.draw(st.lists(st.none() | hostile(sound(record)), min_size=1, max_size=8))
    part, faults = codec.decode(values)
    assert sorted([*part.row_N.tolist(), *(fault.row for fault in faults)]) == list(range(len(values)))
    assert {fault.reason for fault in faults} <= REASONS.keys()
    assert all(len(column) == len(part.row_N) for column in part.columns.values())
    for place, row in enumerate(part.row_N.tolist()):
        alone, none = codec.decode([values[row]])
        assert not none
        for name, column in part.columns.items():
            assert repr(_plain(column[place])) == repr(_plain(alone.columns[name][0])), name


@fuzzed
@given(st.data())
def test_what_we_read_fastavro_reads_alike(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(RECORDS))
    codec = contracts().codec(record)
    value = data.draw(hostile(sound(record)))
    part, faults = codec.decode([value])
    if not len(part.row_N):
        _check_refusal(codec, value, faults[0].reason)
        return
    theirs = fastavro.schemaless_reader(io.BytesIO(value[5:]), codec.schema, None)
    assert isinstance(theirs, dict)
    for field in codec.fields:
        ours, other = _plain(part.columns[field.name][0]), theirs[field.name]
        if field.kind == "enum":
            ours = field.symbols[int(ours)]
        if field.kind == "string":
            ours = ours.decode()
        if field.kind == "array" and field.item == "string":
            ours = list(ours)
        assert repr(ours) == repr(other), field.name


def _check_refusal(codec: Codec, value: bytes, reason: str) -> None:
    """What we refuse and fastavro reads whole is refused for a rule that Avro does not have."""
    rest = io.BytesIO(value[5:])
    try:
        fastavro.schemaless_reader(rest, codec.schema, None)
    except Exception:  # whatever fastavro raises for bytes that it cannot read
        return
    stricter = {"bad_magic", "too_short", "unknown_schema", "too_long", "bad_text", "bad_number", "bad_enum"}
    assert reason in stricter | {"trailing_bytes", "bad_length", "truncated"}
    if reason == "trailing_bytes":
        assert rest.read(1)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
