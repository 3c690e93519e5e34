"""Snapshots come back as they were, and equal ones are equal bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol import Snapshot
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.errors import DataError

names = st.text("abc./", min_size=1, max_size=6)
json_values = st.recursive(
    st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.booleans()),
    lambda inner: st.lists(inner, max_size=3),
)
tensors = st.dictionaries(names, st.lists(st.floats(width=32), max_size=5), max_size=4)


@given(values=tensors, manifest=st.dictionaries(names, json_values, max_size=4))
def test_round_trip_whatever_the_order(values: dict[str, list[float]], manifest: dict[str, object]) -> None:
    arrays = {name: np.array(value, np.float32) for name, value in values.items()}
    blob = encode_snapshot(Snapshot(arrays, manifest))
    again = decode_snapshot(blob)
    assert again.manifest == manifest
    assert again.tensors.keys() == arrays.keys()
    assert all(np.array_equal(again.tensors[name], arrays[name], equal_nan=True) for name in arrays)
    backwards = Snapshot(dict(reversed(arrays.items())), dict(reversed(manifest.items())))
    assert encode_snapshot(backwards) == blob


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(DataError, match="no snapshot"):
        decode_snapshot(blob)


def test_a_cut_blob_is_refused() -> None:
    blob = encode_snapshot(Snapshot({"w": np.ones(8)}, {}))
    for length in range(len(blob)):
        with pytest.raises(DataError, match="no snapshot"):
            decode_snapshot(blob[:length])
