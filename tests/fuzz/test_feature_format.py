"""Window values and watermarks as a hostile store gives them: nothing is raised, shapes hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.feature_format import pack, pack_watermark, unpack_watermark, windows_fingerprint
from schemas.feature_read import feature_query, window_vectors
from tests.fuzz.hostile import fuzzed, hostile
from tests.fuzz.sound import contracts
from tests.system.streams import START_MS

LAYOUT, PIPELINE = contracts().layout, contracts().pipeline
FINGERPRINT = windows_fingerprint(PIPELINE, LAYOUT)
(KIND,) = LAYOUT.kinds
WIDTH = len(KIND.columns)
PACKED = pack(
    np.array([START_MS, START_MS + 60_000, START_MS]), np.ones((3, WIDTH), np.float32), np.array([2, 1]), FINGERPRINT
)
MARK = pack_watermark(START_MS + 60_000, FINGERPRINT)
TIMES = st.floats(0, 2.0**47) | st.sampled_from([float(START_MS), START_MS + 90_000.0])


@fuzzed
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(st.lists(st.tuples(TIMES, st.sampled_from([b"", b"u1", b"u2"])), min_size=1, max_size=6), st.data())
def test_any_bytes_make_vectors_of_the_right_shape(rows: list[tuple[float, bytes]], data: st.DataObject) -> None:
    columns = {"request_time": np.array([t for t, _ in rows]), "user": np.array([u for _, u in rows], "S2")}
    query = feature_query(PIPELINE, LAYOUT, columns, FINGERPRINT)
    values = data.draw(
        st.lists(st.none() | hostile([*PACKED, MARK]), min_size=len(query.keys), max_size=len(query.keys))
    )
    read = window_vectors(query, values)
    assert read.x_BW.shape == (len(rows), WIDTH)
    assert read.x_BW.dtype == np.float32
    assert len(read.stale_B) == len(read.out_of_reach_B) == len(read.features_time_B) == len(rows)


@fuzzed
@given(st.none() | hostile([MARK]))
def test_a_watermark_is_a_time_or_nothing(value: bytes | None) -> None:
    assert unpack_watermark(value, FINGERPRINT) >= -np.inf
