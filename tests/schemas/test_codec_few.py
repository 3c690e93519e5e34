"""A few rows are read as many are: the same columns and the same faults, whatever the bytes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.codec_few import FEW, can_walk

FIELDS = [
    {"name": "time", "type": "double"},
    {"name": "size", "type": "float"},
    {"name": "shop", "type": "string", "max_bytes": 80},
    {"name": "count", "type": "float"},
    {"name": "id", "type": "string"},
]
CODEC = Codec({"type": "record", "name": "Asked", "fields": FIELDS}, 7)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=70)


def rows_of(shops: list[str], ids: list[str]) -> list[bytes]:
    numbers = np.arange(len(shops), dtype=np.float64)
    columns = {"time": numbers, "size": numbers, "count": -numbers, "shop": np.array(shops), "id": np.array(ids)}
    return CODEC.encode(columns)


def mangled(value: bytes, at: int, byte: int) -> bytes:
    at = 5 + at % (len(value) - 5)
    return value[:at] + bytes([byte]) + value[at + 1 :]


@given(st.lists(st.tuples(texts.filter(lambda t: len(t.encode()) <= 80), texts), min_size=1, max_size=6), st.data())
def test_few_rows_are_read_as_many_are(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    values = rows_of([shop for shop, _ in rows], [row_id for _, row_id in rows])
    for _ in range(data.draw(st.integers(0, 2))):
        row = data.draw(st.integers(0, len(values) - 1))
        values[row] = mangled(values[row], data.draw(st.integers(0, 300)), data.draw(st.integers(0, 255)))
        values[row] = values[row][: data.draw(st.integers(5, len(values[row]) + 1))]
    few, faults = CODEC.decode(values)
    filler = rows_of(["x"], ["y"]) * (FEW + 1)
    many, more_faults = CODEC.decode(values + filler)
    assert faults == more_faults
    assert few.row_N.tolist() == many.row_N.tolist()[: len(few.row_N)]
    for name, column in few.columns.items():
        expected = many.columns[name][: len(few.row_N)]
        assert column.dtype.kind == expected.dtype.kind
        assert column.flags.writeable
        assert column.tobytes() == expected.astype(column.dtype).tobytes()


def test_only_numbers_and_texts_are_walked() -> None:
    assert can_walk(CODEC._steps)
    flag = Codec({"type": "record", "name": "F", "fields": [{"name": "on", "type": "boolean"}]}, 8)
    assert not can_walk(flag._steps)
